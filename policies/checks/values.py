"""Property trees as plain Python values.

The SDK hands policies proxies that are no ``dict`` or ``list`` and that raise at the first unknown value, which
would end a policy early and let the rest of a resource pass. Here every unknown leaf becomes ``UNKNOWN`` instead.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pulumi_policy.proxy import UnknownValueError


class Unknown(enum.Enum):
    """The type of ``UNKNOWN``."""

    VALUE = "unknown"


UNKNOWN: Final = Unknown.VALUE
"""A value that only the update knows; the engine asks again before it creates the resource."""


def plain(value: Any) -> Any:
    """The tree with ``dict`` and ``list`` inside, whole numbers as ``int`` and unknown leaves as ``UNKNOWN``."""
    if isinstance(value, Mapping):
        return {str(key): _member(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_member(value, index) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _member(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def at(tree: Any, *path: str) -> Any:
    """The value at ``path``: None where a part of it is missing or no mapping, ``UNKNOWN`` below an unknown value."""
    for key in path:
        if tree is UNKNOWN:
            return UNKNOWN
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(key)
    return tree


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def is_text(value: Any) -> bool:
    """Whether the value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def is_given(value: Any) -> bool:
    """Whether something is there: a text that is not blank, or what will be known in the update."""
    return value is UNKNOWN or is_text(value)


def walk(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every mapping, list and leaf below ``tree`` with its path, as in ``spec.tls[0].hosts``."""
    if path:
        yield path, tree
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from walk(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from walk(value, f"{path}[{index}]")
