"""Which fields an object may have, in a notation of one line a field.

name             a value, or a list of values
name(a|b)        one of these values
name*            anything: the generic checks (secrets, images, pods) look into it
name{...}        an object, or a list of objects, with these fields
name=FRAGMENT    an object, or a list of objects, with the fields that are listed under that name
*{...}           any name, each with these fields
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .values import UNKNOWN

TOKEN = re.compile(r"\s*(?:(?P<name>[\w$*./-]+?)(?P<tail>\*|\{|\([^)]*\)|=\w+|(?=[\s}]|$))|(?P<close>\}))")


@dataclass(frozen=True)
class Field:
    """What may be in one place; ``inner`` of None is a value, ``anything`` ends the reading."""

    inner: Mapping[str, Field] | None = None
    allowed: tuple[str, ...] = ()
    fragment: str = ""
    anything: bool = False


@dataclass(frozen=True)
class Unread:
    """A place that the pack cannot read, and why."""

    path: str
    reason: str


@dataclass
class Grammar:
    """Notations that refer to each other by name."""

    fragments: Mapping[str, str]
    _parsed: dict[str, Mapping[str, Field]] = field(default_factory=dict)

    def fields(self, name: str) -> Mapping[str, Field]:
        """The fields of a fragment."""
        if name not in self._parsed:
            self._parsed[name] = parse(self.fragments[name])
        return self._parsed[name]

    def unread(self, tree: Any, fields: Mapping[str, Field], path: str = "") -> Iterator[Unread]:
        """Every place in ``tree`` that ``fields`` do not foresee."""
        if isinstance(tree, list):
            for index, item in enumerate(tree):
                yield from self.unread(item, fields, f"{path}[{index}]")
        elif tree is UNKNOWN:
            yield Unread(path, "is known only after the update")
        elif isinstance(tree, Mapping):
            for key, value in tree.items():
                yield from self._of_field(value, fields.get(key, fields.get("*")), f"{path}.{key}" if path else key)
        elif tree is not None:
            yield Unread(path, "is no object")

    def _of_field(self, value: Any, known: Field | None, path: str) -> Iterator[Unread]:
        if known is None:
            yield Unread(path, "is a field that the policies cannot read")
        elif known.fragment or known.inner is not None:
            yield from self.unread(value, self.fields(known.fragment) if known.fragment else known.inner or {}, path)
        elif not known.anything:
            yield from _of_value(value, known, path)


def _of_value(value: Any, known: Field, path: str) -> Iterator[Unread]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping | list):
            yield Unread(path, "is no plain value")
        elif known.allowed and each is not None and _text(each) not in known.allowed:
            yield Unread(path, f"must be {' or '.join(known.allowed)}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse(notation: str) -> Mapping[str, Field]:
    """The fields of a notation."""
    fields, rest = _parse(notation, 0)
    assert not notation[rest:].strip(), notation[rest:]  # noqa: S101 - the notations are part of the pack
    return fields


def _parse(notation: str, position: int) -> tuple[Mapping[str, Field], int]:
    fields: dict[str, Field] = {}
    while match := TOKEN.match(notation, position):
        position = match.end()
        if match["close"]:
            return fields, position
        name, tail = match["name"], match["tail"]
        if tail == "{":
            inner, position = _parse(notation, position)
            fields[name] = Field(inner)
        elif tail.startswith("("):
            fields[name] = Field(allowed=tuple(each.strip() for each in tail[1:-1].split("|")))
        elif tail.startswith("="):
            fields[name] = Field(fragment=tail[1:])
        else:
            fields[name] = Field(anything=tail == "*")
    return fields, position
