"""Objects as the state keeps them: the live object, and beside it what the program asked for.

The shape of the state (`__inputs`, `__initialApiVersion`, `__fieldManager`) is the official provider's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from local.plugins.naming import unique_name, urn_name, urn_type
from local.plugins.properties import Secret, Unknown, mark_secrets, plain
from local.plugins.server import PluginError

Manifest = dict[str, Any]

AUTONAMED = "pulumi.com/autonamed"
_INPUTS = "__inputs"
_API_VERSION = "__initialApiVersion"
_MANAGER = "__fieldManager"
_SERVER_METADATA = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp",
    "generation", "managedFields", "resourceVersion", "uid",
)  # fmt: skip


def type_of(urn: str) -> tuple[str, str]:
    """API version and kind of a type token such as `kubernetes:apps/v1:Deployment` or `kubernetes:core/v1:Secret`."""
    _, version, kind = urn_type(urn).split(":")
    return version.removeprefix("core/"), kind


def manifest(properties: Mapping[str, Any]) -> Manifest:
    """The object to send: no secret wrappers, no nulls, dashes where a program must write underscores."""
    cleaned: Manifest = _clean(plain(dict(properties)))
    return cleaned


def _clean(value: Any) -> Any:
    match value:
        case dict():
            return {_dashed(key): _clean(item) for key, item in value.items() if item is not None}
        case list():
            return [_clean(item) for item in value]
    return value


def _dashed(key: str) -> str:
    return key.replace("_", "-") if key.startswith("x_kubernetes_") else key


def _underscored(value: Any) -> Any:
    match value:
        case dict():
            return {
                key.replace("-", "_") if key.startswith("x-kubernetes-") else key: _underscored(item)
                for key, item in value.items()
            }
        case list():
            return [_underscored(item) for item in value]
    return value


def metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Its metadata; empty when they are not known yet."""
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def name(obj: Mapping[str, Any]) -> str:
    """Its name; empty when it has none or it is not known yet."""
    found = metadata(obj).get("name")
    return found if isinstance(found, str) else ""


def namespace(obj: Mapping[str, Any]) -> str:
    """Its namespace; empty when it has none or it is not known yet."""
    found = metadata(obj).get("namespace")
    return found if isinstance(found, str) else ""


def annotation(obj: Mapping[str, Any], key: str) -> str:
    """One of its annotations, or nothing."""
    annotations = metadata(obj).get("annotations")
    found = annotations.get(key, "") if isinstance(annotations, dict) else ""
    return found if isinstance(found, str) else ""


def identity(obj: Mapping[str, Any]) -> str:
    """The resource's id: `namespace/name`, or the name alone for what has no namespace."""
    return "/".join(part for part in (namespace(obj), name(obj)) if part)


def parse_identity(resource_id: str) -> tuple[str, str]:
    """Namespace and name of an id."""
    before, _, after = resource_id.rpartition("/")
    return before, after


def assign_name(obj: Manifest, urn: str, seed: bytes, proposal: Any) -> None:
    """Name an object that the program left unnamed, and remember that it was us."""
    if not isinstance(obj.setdefault("metadata", {}), dict) or obj["metadata"].get("name"):
        return
    if obj["metadata"].get("generateName"):
        raise PluginError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
    if proposal is not None and proposal.mode == proposal.DISABLE:
        raise PluginError("autonaming is disabled, resource requires the .metadata.name field to be set")
    given = proposal.proposed_name if proposal is not None else unique_name(f"{urn_name(urn)}-", seed)
    _set_autoname(obj, given)


def adopt_name(obj: Manifest, old: Manifest) -> None:
    """Keep the name that an earlier run gave."""
    known = isinstance(obj.setdefault("metadata", {}), dict)
    if known and not obj["metadata"].get("name") and annotation(old, AUTONAMED) == "true":
        _set_autoname(obj, name(old))


def _set_autoname(obj: Manifest, given: str) -> None:
    obj["metadata"]["name"] = given
    if not isinstance(obj["metadata"].get("annotations"), Unknown):
        obj["metadata"].setdefault("annotations", {})[AUTONAMED] = "true"


def is_secret(obj: Mapping[str, Any]) -> bool:
    """Whether it is a core Secret."""
    return obj.get("apiVersion") == "v1" and obj.get("kind") == "Secret"


def normalize(obj: Manifest) -> Manifest:
    """The form in which the server keeps it: `stringData` lies in `data`, read-only metadata are gone."""
    normal = dict(obj)
    if isinstance(normal.get("metadata"), dict):
        kept = {key: value for key, value in normal["metadata"].items() if key not in _SERVER_METADATA}
        normal["metadata"] = kept
    if is_secret(normal) and isinstance(normal.get("stringData"), dict):
        texts = {key: _encoded(value) for key, value in normal.pop("stringData").items()}
        normal["data"] = {**(normal.get("data") or {}), **texts}
    return normal


def _encoded(value: Any) -> Any:
    return value if isinstance(value, Unknown) else base64.b64encode(str(value).encode()).decode()


def prune(live: Any, shape: Any) -> Any:
    """The live object reduced to what the inputs speak of: the rest belongs to the server and its controllers."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        return [prune(value, wanted) for value, wanted in zip(live, shape, strict=False)]
    return live


def union(one: Any, other: Any) -> Any:
    """A shape that speaks of whatever either of two shapes speaks of."""
    if isinstance(one, dict) and isinstance(other, dict):
        shared = {key: union(one[key], other[key]) for key in one if key in other}
        return {**one, **other, **shared}
    if isinstance(one, list) and isinstance(other, list):
        longer = one if len(one) > len(other) else other
        shared_items = [union(first, second) for first, second in zip(one, other, strict=False)]
        return [*shared_items, *longer[len(shared_items) :]]
    return other


def hide(outputs: Manifest, inputs: Mapping[str, Any]) -> Manifest:
    """Mark as secret what the inputs mark, and everything a Secret holds."""
    marked = mark_secrets(outputs, inputs)
    if is_secret(outputs):
        for key in ("data", "stringData"):
            if key in marked and not isinstance(marked[key], Secret):
                marked[key] = Secret(marked[key])
    return marked


def outward(obj: Manifest, given: Mapping[str, Any]) -> Manifest:
    """An object as the engine takes it: keys that a program can write, secret where the program's inputs are."""
    return hide(_underscored(obj), given)


def checkpoint(inputs: Manifest, live: Manifest, given: Mapping[str, Any], version: str, manager: str) -> Manifest:
    """What the engine keeps: the live object, the inputs that made it, and who manages its fields."""
    state = outward(live, given)
    state[_INPUTS] = outward(inputs, given)
    state[_API_VERSION] = version
    state[_MANAGER] = manager
    return state


def parse_checkpoint(state: Mapping[str, Any]) -> tuple[Manifest, Manifest]:
    """The inputs and the live object that a state holds."""
    cleaned = manifest(state)
    inputs = cleaned.pop(_INPUTS, {})
    live = {key: value for key, value in cleaned.items() if key not in (_API_VERSION, _MANAGER)}
    return inputs, live


def initial_version(state: Mapping[str, Any], inputs: Manifest) -> str:
    """The API version the object was first made with."""
    return str(state.get(_API_VERSION) or inputs.get("apiVersion", ""))


def field_manager(state: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """Who applies: an annotation decides, then the state, then a new random name."""
    chosen = annotation(inputs, "pulumi.com/patchFieldManager") or state.get(_MANAGER)
    return str(chosen or unique_name("pulumi-kubernetes-", b""))
