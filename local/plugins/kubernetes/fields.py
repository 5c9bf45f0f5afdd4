"""Who manages which field, as server-side apply records it in `metadata.managedFields`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.plugins.kubernetes.client import Client, Manifest

# Managers whose plain updates are ours to take over: our own creation, and kubectl's, as the official provider does.
_OURS = ("pulumi-kubernetes", "pulumi-kubernetes.exe", "pulumi-resource-kubernetes", "kubectl", "before-first-apply")


def take_over(client: Client, live: Manifest, manager: str) -> Manifest:
    """Make the fields of our creation fields of our apply: else a field dropped from the program would stay."""
    entries: list[Manifest] = live["metadata"].get("managedFields") or []
    ours = [entry for entry in entries if entry["manager"] in _OURS and _plain_update(entry)]
    if not ours:
        return live
    applied = [entry for entry in entries if entry["manager"] == manager and entry["operation"] == "Apply"]
    first = (applied or ours)[0]
    merged: dict[str, Any] = {}
    for entry in [*applied, *ours]:
        merged = _merge(merged, entry["fieldsV1"])
    taken = {**first, "manager": manager, "operation": "Apply", "fieldsV1": merged}
    rest = [entry for entry in entries if entry not in ours and entry not in applied]
    return client.json_patch(
        live,
        [
            {"op": "replace", "path": "/metadata/managedFields", "value": [taken, *rest]},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ],
    )


def _plain_update(entry: Mapping[str, Any]) -> bool:
    return entry["operation"] == "Update" and not entry.get("subresource")


def _merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    shared = {key: _merge(one[key], other[key]) for key in one if key in other}
    return {**one, **other, **shared}


def without_ignored(inputs: Manifest, live: Manifest, ignored: Sequence[str], manager: str) -> Manifest:
    """The inputs with each ignored field left as the cluster has it, or left out when someone else manages it."""
    for path in ignored:
        steps = path.split(".")
        if _managed(live, steps, lambda name: name != manager) and not _managed(live, steps, manager.__eq__):
            inputs = _without(inputs, steps)
        elif (value := _value(live, steps)) is not None:
            inputs = _with(inputs, steps, value)
    return inputs


def _managed(live: Manifest, steps: Sequence[str], wanted: Any) -> bool:
    entries = [entry for entry in live["metadata"].get("managedFields") or [] if wanted(entry["manager"])]
    return any(_value(entry["fieldsV1"], [f"f:{step}" for step in steps]) is not None for entry in entries)


def _value(obj: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if not isinstance(obj, Mapping) or step not in obj:
            return None
        obj = obj[step]
    return obj


def _without(obj: Any, steps: Sequence[str]) -> Any:
    if not isinstance(obj, Mapping) or steps[0] not in obj:
        return obj
    rest = {key: value for key, value in obj.items() if key != steps[0]}
    return {**rest, steps[0]: _without(obj[steps[0]], steps[1:])} if steps[1:] else rest


def _with(obj: Any, steps: Sequence[str], value: Any) -> Any:
    if not steps:
        return value
    base = dict(obj) if isinstance(obj, Mapping) else {}
    return {**base, steps[0]: _with(base.get(steps[0]), steps[1:], value)}
