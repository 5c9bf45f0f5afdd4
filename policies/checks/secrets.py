"""Secrets that are written out anywhere in a tree of values: by structure, by name and by form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .secret_forms import form_of
from .secret_names import is_reference, is_secret_name, is_secret_value
from .secret_texts import in_arguments, in_text, secret_pair

ARGUMENTS = {"command", "args", "commands", "arguments", "additionalContainerArgs"}
# The digest of what a pod reads, which this program keys with a random value.
KEYED = re.compile(r"label-studio-content")
# A digest that tells whether a file has changed is no secret: checksum/config and the like.
CHECKSUM = re.compile(r"checksum/.+|.*[-./](sha256|checksum|hash)")
SEPARATOR = re.compile(r"[-./]")
DIGEST = re.compile(r"(sha256:)?[0-9a-f]{8,64}")
NAME = "a secret by its name"
PLAIN_DIGEST = "a plain hash of a secret, by which it can be guessed"


def in_tree(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and kind of each secret that is written out."""
    if isinstance(tree, Mapping):
        if pair := secret_pair(tree):
            yield path, f"a value for {pair}"
        for key, value in tree.items():
            yield from _in_member(key, value, tree, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from in_tree(value, f"{path}[{index}]")
    elif isinstance(tree, str):
        yield from ((path, found) for found in in_text(tree))


def _in_member(key: str, value: Any, siblings: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if (KEYED.fullmatch(key) or CHECKSUM.fullmatch(key)) and isinstance(value, str) and DIGEST.fullmatch(value):
        if any(is_secret_name(part) for part in SEPARATOR.split(key)):
            yield path, PLAIN_DIGEST
        return
    if is_secret_name(key) and _is_secret(key, value, siblings):
        yield path, NAME
    elif key in ARGUMENTS and isinstance(value, list):
        yield from ((path, found) for found in in_arguments(value))
        yield from in_tree([each for each in value if not isinstance(each, str)], path)
    elif isinstance(value, str):
        yield from ((path, found) for found in in_text(value, key))
    else:
        yield from in_tree(value, path)


def _is_secret(key: str, value: Any, siblings: Mapping[str, Any]) -> bool:
    if isinstance(value, list):
        return any(_is_plain_secret(each) for each in value)
    return is_secret_value(value) and not is_reference(key, value, list(siblings))


def _is_plain_secret(value: Any) -> bool:
    return isinstance(value, str) and bool(form_of(value))


def first_of_each(found: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """One finding for each place: what else is wrong there shows once the first is fixed."""
    seen: set[str] = set()
    for path, form in found:
        if path not in seen:
            seen.add(path)
            yield path, form
