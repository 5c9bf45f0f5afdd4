"""PostgreSQL parameters: their names and values as the servers of major versions 13 to 18 read them.

``parameters.json`` has what the servers themselves say (``scripts/postgresql_parameters.py`` makes it). For a higher
version than those in it, names that it does not know pass unless they look like a slip of one that it knows, and values
are checked as the highest version in it reads them. Stricter than the servers on purpose: texts that need files of an
image (see ``TEXTS`` in ``parameter_rules.py``), ``io_uring``, which the seccomp profile of pods blocks, and names that
older versions called otherwise, such as ``sort_mem``.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from ..settings.grammars.grammar import Grammar
from .parameter_rules import BY_OPERATOR, LIBRARIES, MANAGED, TEXTS, ZONES, Backend, conflicts, value_problem
from .parameter_values import MEMORY, Fact, check_value, facts_of, number_of, parse_bool

TABLE = Path(__file__).with_name("parameters.json")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")
# Of the module's own wording: a slip is one or two letters.
SLIP = 0.85


def as_text(value: Any) -> Any:
    """A number or a truth value, which YAML makes of what has no quotes, as PostgreSQL writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        raise ValueError("""must be text; a name with a dot is one key, such as parameters["pg_stat_statements.max"]""")
    return str(value) if isinstance(value, int | float) else value


ParameterName = Annotated[
    str,
    Grammar(
        "parameter of PostgreSQL",
        "the name of a PostgreSQL parameter, or of one of an extension with a dot",
        ("max_connections", "pg_stat_statements.max"),
        NAME.pattern,
    ),
]
ParameterText = Annotated[
    str,
    BeforeValidator(as_text),
    Grammar(
        "value of a parameter",
        "one line without control characters",
        ("200", "64MB", "on"),
        r"[^\x00-\x1f\x7f]{0,4096}",
    ),
]


def check_parameters(values: Mapping[str, str], version: int, backend: Backend) -> None:
    """Whether a server of this major version starts with ``values``; ValueError has a line for each that is wrong.

    No line repeats a value, which may be a credential, nor a name that does not have the form of one.
    """
    problems = [
        f"{name} {message}" if name else message for name, message in parameter_problems(values, version, backend)
    ]
    if problems:
        raise ValueError("\n".join(problems))


def parameter_problems(values: Mapping[str, str], version: int, backend: Backend) -> Iterator[tuple[str | None, str]]:
    """The name, or None where it has not the form of one, and what is wrong with it or its value."""
    alone = [(name, _problem(name, values, version, backend)) for name in values]
    for name, problem in alone:
        if problem:
            yield (name if NAME.fullmatch(name) else None), problem
    if not any(problem for _, problem in alone):
        yield from conflicts(
            values,
            backend,
            lambda name: _number(name, values, version),
            lambda name: name in values and parse_bool(values[name]),
        )


def parameter_number(name: str, value: str, version: int) -> int:
    """What an integer parameter is set to, in its own unit; ValueError where no server would take ``value``."""
    return int(number_of(_known(name, version), value))


def parameter_bytes(name: str, value: str, version: int) -> int:
    """What a parameter of memory, such as ``shared_buffers``, is set to in bytes; ValueError as of parameter_number."""
    fact = _known(name, version)
    size = 8192 if fact.unit == "8kB" else MEMORY.get(fact.unit or "")
    if size is None:
        raise TypeError(f"{name} is no amount of memory")
    return int(number_of(fact, value) * size)


@cache
def table() -> Mapping[str, list[Fact]]:
    """For each parameter the facts of the spans of versions that have it, the oldest first."""
    return {name: facts_of(entries) for name, entries in _file()["parameters"].items()}


@cache
def versions() -> list[int]:
    """The major versions that the table knows."""
    return sorted(_file()["versions"])


@cache
def _file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(TABLE.read_text())
    return content


@cache
def _zones() -> frozenset[str]:
    return frozenset(name.lower() for name in _file()["timezones"])


@cache
def _canonical() -> Mapping[str, str]:
    """Names as written in files: PostgreSQL folds case, of which ``timezone`` for ``TimeZone`` is common."""
    return {spelling: name for name in table() for spelling in (name, name.lower())}


def fact_of(name: str, version: int) -> Fact | None:
    """What the table knows of a parameter in this version, or in the highest one that it knows."""
    wanted = min(version, versions()[-1])
    facts = table().get(_canonical().get(name, ""), [])
    return next((fact for fact in facts if fact.since <= wanted <= fact.until), None)


def _known(name: str, version: int) -> Fact:
    fact = fact_of(name, version)
    if fact is None:
        raise ValueError(_unknown(name, version))
    return fact


def _number(name: str, values: Mapping[str, str], version: int) -> float | None:
    fact = fact_of(name, version)
    if name not in values or fact is None or fact.type not in {"integer", "real"}:
        return None
    return number_of(fact, values[name])


def _problem(name: str, values: Mapping[str, str], version: int, backend: Backend) -> str | None:
    if not NAME.fullmatch(name):
        return "a key is not the name of a PostgreSQL parameter such as max_connections"
    if any(unicodedata.category(character)[0] == "C" for character in values[name]):
        return "must be one line without control characters"
    if MANAGED.fullmatch(name.lower()) or BY_OPERATOR[backend].fullmatch(name.lower()):
        return "is set by this program or its operator; remove it"
    fact = fact_of(name, version)
    if fact is None:
        return _unknown(name, version) if "." not in name and not _may_be_newer(name, version) else None
    if fact.context == "internal":
        return "cannot be set: the server sets it itself; remove it"
    return _value_problem(_canonical()[name], fact, values, version, backend)


def _value_problem(name: str, fact: Fact, values: Mapping[str, str], version: int, backend: Backend) -> str | None:
    value = next(given for spelling, given in values.items() if _canonical().get(spelling) == name)
    try:
        check_value(fact, value)
    except ValueError as error:
        return str(error)
    text_problem = _text_problem(name, value) if fact.type == "string" else None
    return text_problem or value_problem(
        name, value, version, backend, lambda wanted: _number(wanted, {name: value}, version)
    )


def _text_problem(name: str, value: str) -> str | None:
    if name in ZONES:
        return None if value.lower() in _zones() else "must be the name of a time zone such as Europe/Zurich or UTC"
    form, words = TEXTS[name]
    if not re.fullmatch(form, value):
        return f"must be {words}"
    for library in value.split(",") if name.endswith("_libraries") else ():
        close = difflib.get_close_matches(library.strip(), LIBRARIES, n=1, cutoff=SLIP)
        if close and close != [library.strip()]:
            return f"has a library that is not known; did you mean {close[0]}?"
    return None


def _may_be_newer(name: str, version: int) -> bool:
    return version > versions()[-1] and not difflib.get_close_matches(name.lower(), table(), n=1, cutoff=SLIP)


def _unknown(name: str, version: int) -> str:
    if facts := table().get(_canonical().get(name, "")):
        first, last = facts[0].since, facts[-1].until
        span = f"{first}" if first == last else f"{first} to {last}"
        return f"is a parameter of PostgreSQL {span}, not of {version}"
    known = [other for other in table() if fact_of(other, version)]
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"is not a parameter of PostgreSQL {version}{hint}"
