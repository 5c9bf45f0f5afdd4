"""What changed between the live object, reduced to what the program speaks of, and what the program asks for now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.plugins.kubernetes.replacements import Path
from local.plugins.properties import UNKNOWN, Unknown

_MISSING = object()
# API groups whose objects the server decodes into Go types: empty values vanish there and quantities are rewritten.
_TYPED_GROUPS = frozenset(
    (
        "", "apps", "autoscaling", "batch", "policy", "admissionregistration.k8s.io", "apiextensions.k8s.io",
        "apiregistration.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
        "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io",
        "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    )
)  # fmt: skip
_QUANTITY_PARENTS = frozenset(
    ("limits", "requests", "capacity", "hard", "default", "defaultRequest", "max", "min", "overhead", "podFixed")
)
_QUANTITY_FIELDS = frozenset(("sizeLimit", "averageValue", "divisor"))
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i)|([numkMGTPE]))?")
_DECIMAL_UNITS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_UNITS = {unit: 1024 ** (power + 1) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}


@dataclass(frozen=True)
class Change:
    """One difference. `kind` is ADD, DELETE or UPDATE; `value` is what is asked for (None for a deletion)."""

    path: Path
    kind: str
    value: Any


def typed(api_version: str) -> bool:
    """Whether the server itself knows objects of this version, so that it rewrites them."""
    return api_version.rpartition("/")[0] in _TYPED_GROUPS


def changes(old: Any, new: Any, lenient: bool, path: Path = ()) -> Iterator[Change]:
    """Every difference. `lenient` allows for what the server rewrites in the kinds that it knows."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = [*old, *(key for key in new if key not in old)]
        pairs = [(key, old.get(key, _MISSING), new.get(key, _MISSING)) for key in keys]
    elif isinstance(old, list) and isinstance(new, list):
        longest = range(max(len(old), len(new)))
        pairs = [(index, _at(old, index), _at(new, index)) for index in longest]
    else:
        if not _same(path, old, new, lenient):
            yield Change(path, "UPDATE", new)
        return
    for key, before, after in pairs:
        yield from _difference((*path, key), before, after, lenient)


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _MISSING


def _difference(path: Path, before: Any, after: Any, lenient: bool) -> Iterator[Change]:
    if after is _MISSING or after is None:
        if before is not _MISSING and before is not None:
            yield Change(path, "DELETE", None)
    elif before is _MISSING or before is None:
        if not (lenient and _empty(after)):
            yield Change(path, "ADD", after)
    else:
        yield from changes(before, after, lenient, path)


def _empty(value: Any) -> bool:
    """What Go's `omitempty` leaves out."""
    if isinstance(value, Mapping):
        return all(_empty(item) for item in value.values())
    return value is not UNKNOWN and not value


def _same(path: Path, old: Any, new: Any, lenient: bool) -> bool:
    if isinstance(new, Unknown):
        return False
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if old == new and (numbers or type(old) is type(new)):
        return True
    if lenient and _is_quantity(path):
        before, after = quantity(str(old)), quantity(str(new))
        return before is not None and before == after
    return False


def _is_quantity(path: Path) -> bool:
    return bool(path) and (path[-1] in _QUANTITY_FIELDS or (len(path) > 1 and path[-2] in _QUANTITY_PARENTS))


def quantity(text: str) -> Decimal | None:
    """The value of a Kubernetes quantity such as `500m` or `1Gi`; None when it is not one."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, exponent, binary, unit = match.groups()
    scale = _BINARY_UNITS[binary] if binary else Decimal(10) ** _DECIMAL_UNITS[unit] if unit else 1
    return Decimal(number + (exponent or "")) * scale


def render(path: Path) -> str:
    """A path as the engine writes it: `spec.ports[0].name`, `data["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[."\[\]]', step):
            text += '["{}"]'.format(step.replace('"', '\\"'))
        else:
            text += f".{step}" if text else step
    return text


def covers(ignored: str, path: str) -> bool:
    """Whether a path given in `ignoreChanges` covers this one; `[*]` stands for any index."""
    pattern = re.escape(ignored).replace(r"\[\*\]", r"\[\d+\]").replace(r"\.\*", r"\.[^.\[]+")
    return re.match(rf"{pattern}(?:$|[.\[])", path) is not None
