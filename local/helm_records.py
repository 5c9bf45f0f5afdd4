"""The records that helm keeps of its revisions: Secrets beside the objects that it installed."""

from __future__ import annotations

from local.cluster.api import Api

_HALF_MADE = "pending-install,pending-upgrade,pending-rollback"
_DONE = "deployed,superseded,uninstalling"


def remove_half_made(cluster: Api, namespace: str, name: str = "") -> None:
    """Delete the records of revisions that nobody will finish, of one release or of all in a namespace.

    Their objects stay: helm takes over what bears the name of its release, and compares the rest with the last revision
    that was made whole.
    """
    _remove(cluster, namespace, _selector(name, _HALF_MADE))


def remove_failed(cluster: Api, namespace: str, name: str) -> None:
    """Delete the record of a first revision that failed: its name could not be used again."""
    if not is_deployed(cluster, namespace, name):
        _remove(cluster, namespace, _selector(name, "failed"))


def is_deployed(cluster: Api, namespace: str, name: str) -> bool:
    """Whether a revision was made whole."""
    return bool(_records(cluster, namespace, _selector(name, _DONE)))


def is_half_deleted(cluster: Api, namespace: str, name: str) -> bool:
    """Whether its uninstallation began."""
    return bool(_records(cluster, namespace, _selector(name, "uninstalling")))


def _selector(name: str, statuses: str) -> str:
    return ",".join(["owner=helm", f"status in ({statuses})", *([f"name={name}"] if name else [])])


def _records(cluster: Api, namespace: str, selector: str) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = cluster.get(
        f"/api/v1/namespaces/{namespace}/secrets", labelSelector=selector
    )["items"]
    return found


def _remove(cluster: Api, namespace: str, selector: str) -> None:
    records = _records(cluster, namespace, selector)
    cluster.delete([{"apiVersion": "v1", "kind": "Secret", "metadata": each["metadata"]} for each in records])
