"""One readable error for every bad field of a stack's settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

SECRET_WORDS = re.compile(r"passw|secret|token|credential|private|accesskey", re.IGNORECASE)
URL_WITH_CREDENTIALS = re.compile(r"://.*@")


class SettingsError(pulumi.RunError):
    """The settings of the stack cannot be used; the message names each field and its mend."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = [*problems]
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The settings of this stack cannot be used. Nothing was changed.\n{lines}")


def problems_of(error: ValidationError, given: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """One line for each error: the field's path, what was given unless it may be secret, and what to write."""
    return [_problem(details, given, schema) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, given: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    path = _path_as_written(details["loc"], given)
    message = _message(details, path, schema, given)
    return f"{_dotted(path)}: {message}{_given(details, path)}"


def _path_as_written(location: tuple[int | str, ...], given: Any) -> list[int | str]:
    """The location without the union tags that pydantic inserts, which nobody wrote."""
    path: list[int | str] = []
    node = given
    for position, step in enumerate(location):
        if isinstance(node, Mapping):
            is_last = position == len(location) - 1
            if step not in node and not is_last and step in node.values():
                continue
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        path.append(step)
    return path


def _dotted(path: list[int | str]) -> str:
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return dotted.removeprefix(".") or "settings"


def _message(details: ErrorDetails, path: list[int | str], schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    match details["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return _unknown_key(str(path[-1]), _known_keys(path[:-1], schema, given))
        case "union_tag_not_found":
            context = details.get("ctx", {})
            return f"needs the key {context.get('discriminator')} to say which kind it is"
        case "union_tag_invalid":
            context = details.get("ctx", {})
            return f"{context.get('discriminator')} must be one of {context.get('expected_tags')}"
        case _:
            return details["msg"].removeprefix("Value error, ")


def _unknown_key(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; the keys here are {', '.join(known)}" if known else ""
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
        for option in node.get("anyOf", ()):
            if option.get("type") != "null":
                return resolve(option, value)
        return node

    node, value = resolve(schema, given), given
    for step in path:
        value = value[step]
        child = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, {})
        node = resolve(child, value)
    return sorted(node.get("properties", {}))


def _given(details: ErrorDetails, path: list[int | str]) -> str:
    value = details["input"]
    if details["type"] in {"missing", "extra_forbidden"} or isinstance(value, Mapping | list | tuple):
        return ""
    text = repr(value)
    may_be_secret = any(SECRET_WORDS.search(str(part)) for part in [*path, text]) or URL_WITH_CREDENTIALS.search(text)
    return "" if may_be_secret or len(text) > 100 else f" (given: {text})"
