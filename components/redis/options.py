"""The options of Valkey 8.1, Redis 7.2 and Redis 6.0 that a stack may set, and the values with which they start.

Read off the servers (``CONFIG GET *``) and their tables in ``config.c``. Every other option could undo what the program
relies on: no job may be evicted, lost at a restart or left unprotected. A server takes a few spellings more, such as
quotes and a unit without digits, which are refused. Alauda's operator writes ``customConfig`` into the configuration
file of the server, the limits of each class of clients in a line of their own (its ``failoverbuilder/configmap.go``).
``activedefrag`` needs a server with its own jemalloc, which the images of Valkey and Redis have and Debian's does not.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ..settings.grammars.grammar import Grammar

Server = Literal["valkey", "7.2", "6.0"]
Kind = Literal["switch", "number", "memory", "percentiles", "buffers"]

INT = 2**31 - 1
LONG = 2**63 - 1
NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
MEMORY = re.compile(r"(?P<digits>[0-9]{1,19})(?P<unit>(?i:b|kb?|mb?|gb?))?")
UNITS = {"": 1, "b": 1, "k": 10**3, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}
PERCENTILE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,17})?")
CLIENT_CLASSES = {"normal", "replica", "slave", "pubsub"}
BUFFER_FIELDS = 4
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Option:
    """What an option may be, and which servers know it."""

    kind: Kind
    minimum: int = 0
    maximum: int = LONG
    servers: tuple[Server, ...] = ("valkey", "7.2", "6.0")


NEWER: tuple[Server, ...] = ("valkey", "7.2")
PERCENT_OF_CPU = Option("number", 1, 99)
OPTIONS: Mapping[str, Option] = {
    "active-defrag-cycle-max": PERCENT_OF_CPU,
    "active-defrag-cycle-min": PERCENT_OF_CPU,
    "active-defrag-cycle-us": Option("number", 0, 100_000, servers=("valkey",)),
    "active-defrag-ignore-bytes": Option("memory", 1),
    "active-defrag-max-scan-fields": Option("number", 1),
    "active-defrag-threshold-lower": Option("number", 0, 1000),
    "active-defrag-threshold-upper": Option("number", 0, 1000),
    "active-expire-effort": Option("number", 1, 10),
    "activedefrag": Option("switch"),
    "activerehashing": Option("switch"),
    "client-output-buffer-limit": Option("buffers"),
    "client-query-buffer-limit": Option("memory", 2**20),
    "hash-max-listpack-entries": Option("number", servers=NEWER),
    "hash-max-listpack-value": Option("memory", servers=NEWER),
    "hash-max-ziplist-entries": Option("number"),
    "hash-max-ziplist-value": Option("memory"),
    # Newer servers take any number for one of these; Redis 6.0 divides by it, and crashes.
    "hz": Option("number", 1, 500),
    "latency-monitor-threshold": Option("number"),
    "latency-tracking": Option("switch", servers=NEWER),
    "latency-tracking-info-percentiles": Option("percentiles", servers=NEWER),
    **dict.fromkeys(
        ("lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del", "lazyfree-lazy-user-del"),
        Option("switch"),
    ),
    "lazyfree-lazy-user-flush": Option("switch", servers=NEWER),
    "list-compress-depth": Option("number", 0, INT),
    "list-max-listpack-size": Option("number", -INT - 1, INT, NEWER),
    "list-max-ziplist-size": Option("number", -INT - 1, INT),
    "set-max-intset-entries": Option("number"),
    "set-max-listpack-entries": Option("number", servers=NEWER),
    "set-max-listpack-value": Option("number", servers=NEWER),
    "set-proc-title": Option("switch", servers=NEWER),
    "slowlog-log-slower-than": Option("number", -1),
    "slowlog-max-len": Option("number"),
    "stream-node-max-bytes": Option("memory"),
    "stream-node-max-entries": Option("number"),
    "tcp-backlog": Option("number", 0, INT),
    "tcp-keepalive": Option("number", 0, INT),
    "timeout": Option("number", 0, INT),
    "zset-max-listpack-entries": Option("number", servers=NEWER),
    "zset-max-listpack-value": Option("memory", servers=NEWER),
    "zset-max-ziplist-entries": Option("number"),
    "zset-max-ziplist-value": Option("memory"),
}


def as_text(value: Any) -> Any:
    """A number or a truth value, which YAML makes of what has no quotes, as the servers write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | float) else value


OptionName = Annotated[
    str,
    Grammar("option of Redis", "the name of an option of Redis", ("slowlog-max-len", "hz"), NAME.pattern),
]
OptionText = Annotated[
    str,
    BeforeValidator(as_text),
    Grammar(
        "value of an option", "one line without control characters", ("128", "64mb", "yes"), r"[^\x00-\x1f\x7f]{0,512}"
    ),
]


def check_options(values: Mapping[str, str], server: Server) -> None:
    """Whether the server starts with ``values``; ValueError has a line for each that is wrong, and repeats no value."""
    problems = [f"{name} {message}" if name else message for name, message in option_problems(values, server)]
    if problems:
        raise ValueError("\n".join(problems))


def option_problems(values: Mapping[str, str], server: Server) -> Iterator[tuple[str | None, str]]:
    """The name, or None where it has not the form of one, and what is wrong with it or its value."""
    for name, value in values.items():
        if not NAME.fullmatch(name):
            yield None, "a key is not the name of an option such as slowlog-max-len"
        elif problem := _problem(name, value, server):
            yield name, problem


def _problem(name: str, value: str, server: Server) -> str | None:
    option = OPTIONS.get(name)
    if option is None:
        known = [other for other in OPTIONS if server in OPTIONS[other].servers]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if close:
            return f"is not an option that can be set; did you mean {close[0]}?"
        return "cannot be overridden: persistence, eviction, memory and access are set so that no job is lost"
    if server not in option.servers:
        return f"is not an option of {_name(server)}"
    if any(unicodedata.category(character)[0] == "C" for character in value):
        return "must be one line without control characters"
    try:
        _check(option, value)
    except ValueError as error:
        return str(error)
    return None


def _name(server: Server) -> str:
    return "Valkey" if server == "valkey" else f"Redis {server}"


def _check(option: Option, value: str) -> None:
    match option.kind:
        case "switch":
            if value not in {"yes", "no"}:
                raise ValueError("must be yes or no")
        case "number":
            if not NUMBER.fullmatch(value):
                raise ValueError("must be a whole number in digits, without a unit")
            _in_range(option, int(value))
        case "memory":
            _in_range(option, _bytes(value))
        case "percentiles":
            _percentiles(value)
        case "buffers":
            _buffers(value)


def _in_range(option: Option, number: int) -> None:
    if not option.minimum <= number <= option.maximum:
        raise ValueError(f"must be from {option.minimum} to {option.maximum}")


def _bytes(value: str) -> int:
    match = MEMORY.fullmatch(value)
    if not match:
        raise ValueError("must be a number of bytes, with k, kb, m, mb, g or gb behind it or nothing, such as 64mb")
    return int(match["digits"]) * UNITS[(match["unit"] or "").lower()]


def _percentiles(value: str) -> None:
    if not all(PERCENTILE.fullmatch(part) and float(part) <= 100 for part in value.split(" ")):
        raise ValueError("must be percentiles from 0 to 100 with a space between them, such as 50 99 99.9")


def _buffers(value: str) -> None:
    parts = value.split(" ")
    groups = [parts[start : start + BUFFER_FIELDS] for start in range(0, len(parts), BUFFER_FIELDS)]
    if not all(_is_buffer(group) for group in groups):
        raise ValueError(
            "must be a class (normal, replica or pubsub), a hard limit, a soft limit and seconds, such as "
            "pubsub 32mb 8mb 60"
        )


def _is_buffer(group: list[str]) -> bool:
    if len(group) != BUFFER_FIELDS or group[0].lower() not in CLIENT_CLASSES:
        return False
    *limits, seconds = group[1:]
    return (
        all(MEMORY.fullmatch(limit) and _bytes(limit) <= LONG for limit in limits)
        and bool(NUMBER.fullmatch(seconds))
        and 0 <= int(seconds) <= INT
    )
