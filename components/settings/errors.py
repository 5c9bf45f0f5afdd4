"""One readable error for every bad field of a stack's settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .grammars.grammar import GRAMMAR_ERROR, SHOWN

# Keys of people's own that may be repeated: names in the field's forms, but no words of letters and digits, which
# passwords and tokens are; amd64 and utf8 are shorter.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,99}", re.ASCII)
TOKEN = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{6,}", re.ASCII)
# What pydantic adds to the path of an error of a key itself.
KEY = "[key]"
# A key that nobody knows may be anything; the settings' own are letters.
LETTERS = re.compile(r"[A-Za-z]{1,40}", re.ASCII)
NUMBER = re.compile(r"[-+]?\d{1,6}(?:[.,]\d{1,6})?", re.ASCII)
HIDDEN = "<a key that is not repeated here>"
# Kinds of errors of fields that are numbers, booleans or one of several words, which are public by their type.
PUBLIC = {
    "bool_type",
    "float_type",
    "greater_than_equal",
    "int_type",
    "less_than_equal",
    "rule",
}
# What is written in place of pydantic's words, which speak of Python: fields in braces are of the error's context.
WORDS = {
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping, its keys on lines below it",
    "float_type": "must be a number",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "int_type": "must be a whole number",
    "less_than_equal": "must be less than or equal to {le}",
    "literal_error": "must be {expected}",
    "model_attributes_type": "must be a mapping, its keys on lines below it",
    "model_type": "must be a mapping, its keys on lines below it",
    "string_type": "must be text (a number in quotes is text)",
    "too_short": "needs entries, at least {min_length}",
    "tuple_type": "must be a list, each entry on a line below it that begins with '-'",
}


class SettingsError(pulumi.RunError):
    """The settings of the stack cannot be used; the message names each field and its fix."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = [*problems]
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The settings of this stack cannot be used. Nothing was changed.\n{lines}")


@dataclass(frozen=True)
class _Problem:
    path: str
    message: str
    given: str
    is_rule: bool


def problems_of(error: ValidationError, given: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """One line for each error: the field's path, what was given unless it may be secret, and what to write."""
    problems = [_problem(details, given, schema) for details in error.errors(include_url=False)]
    return [_line([*same]) for _, same in groupby(problems, key=_place)]


def _place(problem: _Problem) -> tuple[str, str]:
    """What the alternatives of a union, each of which refuses the same value, have in common; rules stand alone."""
    return problem.path, problem.message if problem.is_rule else ""


def _line(problems: list[_Problem]) -> str:
    first, *others = problems
    alternatives = [first.message, *(other.message.removeprefix("must be ") for other in others)]
    return f"{first.path}: {'; or '.join(dict.fromkeys(alternatives))}{first.given}"


def _problem(details: ErrorDetails, given: Mapping[str, Any], schema: Mapping[str, Any]) -> _Problem:
    path = _path_as_written(details, given)
    message = _message(details, path, schema, given)
    is_rule = details["type"] == "rule"
    value = _at(given, path) if is_rule else details["input"]
    if details["type"] == "extra_forbidden":
        path = [*path[:-1], _known_or_hidden(str(path[-1]), _known_keys(path[:-1], schema, given))]
    elif details["loc"][-1:] == (KEY,):
        path = [*path[:-1], HIDDEN]
    return _Problem(dotted(path), message, _given(details, value), is_rule)


def _path_as_written(details: ErrorDetails, given: Any) -> list[int | str]:
    """The location without the members of unions that pydantic inserts, which nobody wrote."""
    location = details["loc"]
    if details["type"] == "rule":
        return [*location]
    path: list[int | str] = []
    node = given
    for position, step in enumerate(location):
        is_missing = details["type"] == "missing" and position == len(location) - 1
        if _has(node, step):
            node = node[step]
        elif not is_missing:
            continue
        path.append(step)
    return path


def _has(node: Any, step: int | str) -> bool:
    if isinstance(node, Mapping):
        return step in node
    return isinstance(node, list) and isinstance(step, int) and step < len(node)


def dotted(path: Sequence[int | str]) -> str:
    """The path as people write it, without keys that may be credentials."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{shown_name(step)}" for step in path]
    return "".join(steps).removeprefix(".") or "settings"


def _known_or_hidden(key: str, known: list[str]) -> str:
    """The key that nobody knows, if it is letters or nearly one of the known."""
    return key if LETTERS.fullmatch(key) or _nearest(key, known) else HIDDEN


def _nearest(key: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(key, known, n=1)), None)


def shown_name(key: str) -> str:
    """A name that people chose, unless it may be a credential by its form."""
    return key if NAME.fullmatch(key) and not TOKEN.search(key) else HIDDEN


def _message(details: ErrorDetails, path: list[int | str], schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return _unknown_key(str(path[-1]), _known_keys(path[:-1], schema, given))
        case "union_tag_not_found":
            return f"needs the key {context['discriminator']} to say which kind it is"
        case "union_tag_invalid":
            return f"{context['discriminator']} must be one of {context['expected_tags']}"
        case kind if kind in WORDS:
            return WORDS[kind].format(**context)
        case _:
            return details["msg"].removeprefix("Value error, ")


def _unknown_key(key: str, known: list[str]) -> str:
    close = _nearest(key, known)
    hint = f"; did you mean {close}?" if close else f"; the keys here are {', '.join(known)}" if known else ""
    return f"is not a known key{hint}"


def _known_keys(path: list[int | str], schema: Mapping[str, Any], given: Any) -> list[str]:
    definitions = schema.get("$defs", {})

    def resolve(node: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
        if "$ref" in node:
            return resolve(definitions[node["$ref"].rsplit("/", 1)[-1]], value)
        if "discriminator" in node and isinstance(value, Mapping):
            mapping = node["discriminator"]["mapping"]
            tag = str(value.get(node["discriminator"]["propertyName"]))
            return resolve({"$ref": mapping[tag]}, value) if tag in mapping else node
        for option in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            if option.get("type") not in ("null", "string" if isinstance(value, Mapping) else "null"):
                return resolve(option, value)
        return node

    node, value = resolve(schema, given), given
    for step in path:
        value = value[step]
        child = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, {})
        node = resolve(child, value)
    return sorted(node.get("properties", {}))


def _at(given: Any, path: list[int | str]) -> Any:
    """What the stack file says there; empty where a default, or nothing, holds."""
    for step in path:
        if not _has(given, step):
            return ()
        given = given[step]
    return given


def _given(details: ErrorDetails, value: Any) -> str:
    """The value, if the type of its field says that it is public and it cannot be a credential by its form."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == GRAMMAR_ERROR:
        is_shown = bool(context[SHOWN])
    elif kind == "literal_error":
        is_shown = bool(difflib.get_close_matches(str(value), re.findall(r"'([^']*)'", context["expected"])))
    else:
        is_shown = kind in PUBLIC and (isinstance(value, bool | int | float) or _is_number(value))
    return f" (given: {value!r})" if is_shown else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and NUMBER.fullmatch(value) is not None
