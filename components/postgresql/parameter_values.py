"""How PostgreSQL reads the value of a parameter (``guc.c``: parse_int, parse_real, parse_bool and the unit tables)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SPACE = " \t\n\v\f\r"
INTEGER = re.compile(r"[ \t\n\v\f\r]*(?P<sign>[+-]?)(?P<digits>0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
REAL = re.compile(
    r"[ \t\n\v\f\r]*(?P<number>[+-]?(?:"
    r"(?P<hex>0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|(?i:inf(?:inity)?)))"
)
SMALLEST_NORMAL = 2.2250738585072014e-308
LARGEST_LONG = 2**63
LARGEST_INT = 2**31 - 1
# pg_settings prints the greatest double so, rounded down.
GREATEST_REAL = "1.79769e+308"
MEMORY = {"TB": 2.0**40, "GB": 2.0**30, "MB": 2.0**20, "kB": 2.0**10, "B": 1.0}
TIME = {"d": 86.4e9, "h": 3.6e9, "min": 6e7, "s": 1e6, "ms": 1e3, "us": 1.0}
# The unit in which a parameter is stored, in the smallest unit of its kind.
BASE = {
    **{unit: (MEMORY, MEMORY[unit]) for unit in ("B", "kB", "MB")},
    "8kB": (MEMORY, 8192.0),
    **{unit: (TIME, TIME[unit]) for unit in ("ms", "s", "min")},
}
TRUE = {"1", "on", *("true"[:length] for length in range(1, 5)), *("yes"[:length] for length in range(1, 4))}
FALSE = {"0", "of", "off", *("false"[:length] for length in range(1, 6)), *("no"[:length] for length in range(1, 3))}
# Other words for on and off, which say nothing new to whoever looks for a value.
SYNONYMS = {"0", "1", "false", "no", "true", "yes"}


@dataclass(frozen=True)
class Fact:
    """What the servers of some versions say of a parameter; ``minimum`` and ``maximum`` count ``unit``."""

    since: int
    until: int
    context: str
    type: str
    unit: str | None = None
    minimum: str = ""
    maximum: str = ""
    values: Sequence[str] = ()


def check_value(fact: Fact, value: str) -> None:
    """Whether a server stores ``value``; ValueError says what it must be. Texts are another rule's."""
    match fact.type:
        case "bool":
            parse_bool(value)
        case "integer" | "real":
            number_of(fact, value)
        case "enum":
            if not value.isascii() or value.lower() not in {known.lower() for known in fact.values}:
                raise ValueError(f"must be {_or(_shown(fact.values))}")


def parse_bool(value: str) -> bool:
    """The truth in on, off, true, false, yes, no, 1, 0 and their beginnings that are not ambiguous."""
    word = value.lower() if value.isascii() else ""
    if word not in TRUE | FALSE:
        raise ValueError("must be on or off")
    return word in TRUE


def number_of(fact: Fact, value: str) -> float:
    """The number that a server stores, in the unit of ``fact``; ValueError for none, or one out of range."""
    number, rest = (_integer if fact.type == "integer" else _real)(value)
    if number is None or math.isnan(number):
        raise ValueError(_form(fact))
    rest = rest.lstrip(SPACE)
    if rest:
        number = _with_unit(fact, number, rest)
    if fact.type == "integer":
        number = round(number) if math.isfinite(number) else number
    minimum, maximum = _limit(fact.minimum), _limit(fact.maximum)
    if fact.type == "integer":
        maximum = min(maximum, LARGEST_INT)
    if not minimum <= number <= maximum:
        raise ValueError(_range(fact))
    return number


def _limit(text: str) -> float:
    return math.copysign(math.nextafter(math.inf, 0), float(text)) if GREATEST_REAL in text else float(text)


def _integer(value: str) -> tuple[float | None, str]:
    """As C's strtol with base 0, or strtod where the number goes on or is too long."""
    match = INTEGER.match(value)
    end = match.end() if match else 0
    number = _whole(match) if match else None
    if value[end : end + 1] in {".", "e", "E"} or (number is not None and not -LARGEST_LONG <= number < LARGEST_LONG):
        return _real(value)
    return (None if number is None else float(number)), value[end:]


def _whole(match: re.Match[str]) -> int:
    digits = match["digits"]
    base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
    # Longer ones are out of range in any base; int() refuses thousands of digits.
    number = LARGEST_LONG if len(digits) > 30 else int(digits, base)
    return -number if match["sign"] == "-" else number


def _real(value: str) -> tuple[float | None, str]:
    """As C's strtod, which says of a number that is too great or too small that it is out of range."""
    match = REAL.match(value)
    if not match:
        return None, value
    text = match["number"]
    try:
        number = float.fromhex(text) if match["hex"] else float(text)
    except OverflowError:
        return None, value
    mantissa = re.split("[pP]" if match["hex"] else "[eE]", text.lower().replace("0x", ""))[0]
    is_zero = not re.search(r"[1-9a-f]", mantissa)
    is_named = "inf" in text.lower()
    if (math.isinf(number) and not is_named) or (abs(number) < SMALLEST_NORMAL and not is_zero):
        return None, value
    return number, value[match.end() :]


def _with_unit(fact: Fact, number: float, rest: str) -> float:
    unit = rest.rstrip(SPACE)
    table, size = BASE.get(fact.unit or "", ({}, 1.0))
    if unit not in table:
        raise ValueError(_form(fact))
    number = number * (table[unit] / size)
    smaller = [*table.values()][[*table].index(unit) + 1 :]
    if smaller and math.isfinite(number):
        step = smaller[0] / size
        number = round(number / step) * step
    return number


def _form(fact: Fact) -> str:
    kind = "a whole number" if fact.type == "integer" else "a number"
    if fact.unit is None:
        return f"must be {kind} without a unit"
    table, _ = BASE[fact.unit]
    example = "64MB" if table is MEMORY else "30s"
    return f"must be {kind} with a unit, {_or(list(table))}, such as {example}; without one it counts {fact.unit}"


def _range(fact: Fact) -> str:
    unit = {None: "", "8kB": " blocks of 8kB"}.get(fact.unit, f" {fact.unit}")
    return f"must be from {fact.minimum} to {fact.maximum}{unit}"


def _shown(values: Sequence[str]) -> list[str]:
    return [value or "empty" for value in values if "on" not in values or value not in SYNONYMS]


def _or(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def facts_of(entries: Sequence[Mapping[str, object]]) -> list[Fact]:
    """The facts in an entry of the table."""
    names = {"from": "since", "to": "until", "min": "minimum", "max": "maximum"}
    return [Fact(**{names.get(key, key): value for key, value in entry.items()}) for entry in entries]  # type: ignore[arg-type]
