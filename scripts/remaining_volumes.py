"""Volumes that outlive a stack: a StorageClass with reclaimPolicy Retain keeps them, with the data and their price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.stack.api_server import ApiServer, ClusterError, connected
from components.stack.cluster import ClusterSettings

VOLUMES = "/api/v1/persistentvolumes"
NAMES = "label-studio"


def report(cluster: ClusterSettings) -> Iterator[str]:
    """A line for each volume that was of the stack and that no claim has any more, and one on what to type."""
    try:
        with connected(cluster) as server:
            found = _found(server, cluster.namespace) if server else None
    except ClusterError:
        found = None
    if found is None:
        yield "The volumes of the cluster could not be listed; docs/backup.md has the command."
    elif found:
        yield f"These volumes of the namespace {cluster.namespace} stay, as their StorageClass says Retain:"
        yield from map(_line, found)
        yield (
            "To delete one: "
            f"kubectl --context {cluster.context} delete persistentvolume NAME; then its disk where the cluster has it."
        )


def _found(server: ApiServer, namespace: str) -> list[dict[str, Any]] | None:
    volumes = server.read(VOLUMES)
    return None if volumes is None else [each for each in volumes["items"] if _is_left(each, namespace)]


def _is_left(volume: dict[str, Any], namespace: str) -> bool:
    """Whether nothing but a person will delete it."""
    claim = volume["spec"].get("claimRef", {})
    return (
        claim.get("namespace") == namespace
        and NAMES in claim.get("name", "")
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
        and volume.get("status", {}).get("phase") == "Released"
    )


def _line(volume: dict[str, Any]) -> str:
    spec = volume["spec"]
    return f"  {volume['metadata']['name']}: {spec['capacity']['storage']} of the claim {spec['claimRef']['name']}"
