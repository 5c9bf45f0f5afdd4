"""Settles what an update that was killed left undecided, so that the next one begins from what is really there.

Pulumi writes down each operation before it begins it. One that never ended is pending: nobody knows whether the object
is there. The CLI only warns of it, and `pulumi refresh` cannot take an object into the state whose create was pending.
Here the cluster is asked instead:

- what was being created and is there goes into the state; what is not there is made by the next update;
- what exists nowhere but in the state, such as a random password, is made again: nothing can have used it yet;
- what was being changed or deleted is read from the cluster;
- the record of a half-made helm revision is deleted. Its objects stay, and helm takes them over in its next attempt.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from local.cluster.api import Api, Object
from local.engine import Engine, EngineError
from local.helm_records import is_deployed, is_half_deleted, remove_failed, remove_half_made
from local.locks import end_orphans, release
from local.progress import note

Record = dict[str, Any]
_RELEASE = "kubernetes:helm.sh/v3:Release"
_NAMESPACE = "kubernetes:core/v1:Namespace"
# How a state marks a secret (sdk/go/common/resource/sig).
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
# Whose resources exist in the state alone. (A patch is no object of its own either: it is applied again.)
_WITHOUT_OBJECTS = ("random:", "pulumi:")


def settle(engine: Engine, cluster: Api) -> None:
    """Bring a stack whose update was killed to where the next one can begin; EngineError where that is impossible."""
    release(engine)
    end_orphans(engine)
    deployment = engine.export()["deployment"]
    pending = deployment.get("pending_operations") or []
    _tidy_releases(cluster, [*(deployment.get("resources") or []), *(each["resource"] for each in pending)])
    if pending:
        note(f"An update was killed in the middle of {len(pending)} operations; the cluster is asked how they ended")
        _settle_operations(engine, cluster)


def _settle_operations(engine: Engine, cluster: Api) -> None:
    # The state of a release holds its inputs as a secret, secrets within them included: only the CLI can encrypt those.
    exported = engine.export(show_secrets=True)
    deployment = exported["deployment"]
    resources: list[Record] = deployment.get("resources") or []
    unsure, half_deleted = [], []
    for operation in deployment["pending_operations"]:
        kind, resource = operation["type"], operation["resource"]
        if kind == "creating" and (made := _made(cluster, resource)):
            resources = _with(resources, made)
            unsure.append(resource["urn"])
        elif kind == "deleting" and resource["type"] == _RELEASE and is_half_deleted(cluster, *_release(resource)):
            half_deleted.append(resource["urn"])
        elif kind in ("updating", "deleting"):
            unsure.append(resource["urn"])
    engine.replace_state({**exported, "deployment": {**deployment, "resources": resources}})
    _operate(engine, "destroy", half_deleted)
    _operate(engine, "refresh", unsure)


def _tidy_releases(cluster: Api, resources: list[Record]) -> None:
    """Remove half-made revisions in the stack's own namespaces, and of its own releases elsewhere."""
    for namespace in {each["id"] for each in resources if each["type"] == _NAMESPACE and "id" in each}:
        remove_half_made(cluster, namespace)
    for namespace, name in {_release(each) for each in resources if each["type"] == _RELEASE}:
        remove_half_made(cluster, namespace, name)


def _release(resource: Record) -> tuple[str, str]:
    return resource["inputs"]["namespace"], resource["inputs"]["name"]


def _operate(engine: Engine, command: str, urns: list[str]) -> None:
    present = {each["urn"] for each in engine.export()["deployment"].get("resources") or []}
    if targets := sorted(present & set(urns)):
        engine.operate(command, *(flag for urn in targets for flag in ("--target", urn)), capture=True)


def _made(cluster: Api, resource: Record) -> Record | None:
    """What the state would say had the create ended; None where nothing was made."""
    inputs = resource["inputs"]
    if resource["type"].startswith(_WITHOUT_OBJECTS) or resource["type"].endswith("Patch"):
        return None
    if resource["type"] == _RELEASE:
        namespace, name = _release(resource)
        remove_failed(cluster, namespace, name)
        outputs = {**inputs, "__inputs": {**_SECRET, "plaintext": json.dumps(inputs)}}
        made = {**resource, "id": f"{namespace}/{name}", "outputs": outputs}
        return made if is_deployed(cluster, namespace, name) else None
    if not resource["type"].startswith("kubernetes:"):
        raise EngineError(
            f"an update was killed as it made {resource['urn']}, and only `pulumi refresh` in `make shell` can ask "
            "whether it is there"
        )
    live = _object(cluster, inputs)
    if live is None:
        return None
    metadata = live["metadata"]
    outputs = {"__inputs": inputs, "__initialApiVersion": live["apiVersion"], **_manager(live)}
    name = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
    return {**resource, "id": name, "outputs": outputs}


def _manager(live: Object) -> dict[str, str]:
    """As whom the provider applied the object: as anybody else it could not change its own fields any more."""
    applied = [each["manager"] for each in live["metadata"].get("managedFields", []) if each["operation"] == "Apply"]
    own = [name for name in applied if name.startswith("pulumi-kubernetes")]
    return {"__fieldManager": own[-1]} if own else {}


def _with(resources: list[Record], made: Record) -> list[Record]:
    """The state with what was made. What it replaces, under the same name, is still to be deleted, or already was.

    It takes that one's place, because the CLI refuses a state where something comes before what it depends on.
    """
    namesakes = [each for each in resources if each["urn"] == made["urn"]]
    place = resources.index(namesakes[0]) if namesakes else len(resources)
    replaced = [each for each in namesakes if each.get("id") != made["id"] and not each.get("pendingReplacement")]
    others = [each for each in resources[place:] if each["urn"] != made["urn"]]
    return [*resources[:place], made, *({**each, "delete": True} for each in replaced), *others]


def _object(cluster: Api, inputs: Record) -> Object | None:
    """The object that these inputs describe; None where the cluster has none."""
    version, name = inputs["apiVersion"], inputs.get("metadata", {}).get("name")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    kinds = (_get(cluster, root) or {}).get("resources", [])
    kind = next((each for each in kinds if each["kind"] == inputs["kind"] and "/" not in each["name"]), None)
    if kind is None or not name:
        return None
    namespace = f"/namespaces/{inputs['metadata']['namespace']}" if kind["namespaced"] else ""
    return _get(cluster, f"{root}{namespace}/{kind['name']}/{name}")


def _get(cluster: Api, path: str) -> Object | None:
    try:
        return cluster.get(path)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.NOT_FOUND:
            raise
        return None
