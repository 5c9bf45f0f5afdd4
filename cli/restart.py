"""Starts pods again, as ``kubectl rollout restart`` does, and waits until the new ones are ready."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubernetes import client

from .errors import ProjectError

POLL_SECONDS = 2.0
SECONDS = 1200.0
SELECTOR = "app.kubernetes.io/part-of=label-studio"
# The label by which each part is known; pods of the page have it in the name, whichever chart made them.
LABELS = ("app.kubernetes.io/component", "app.kubernetes.io/name")
# What reads Secrets that others keep.
DEFAULT = ("ls-app", "ls-worker")


@dataclass(frozen=True)
class Workload:
    """A Deployment or StatefulSet."""

    kind: str
    name: str


def restart(api: Any, namespace: str, parts: Collection[str] = DEFAULT) -> list[Workload]:
    """Restart the workloads of these parts; ProjectError where there are none, or one does not become ready."""
    found = _workloads(api, namespace, parts)
    if not found:
        raise ProjectError(f"there are no pods of {', '.join(parts)} in namespace {namespace}")
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    body = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": moment}}}}}
    for workload in found:
        _call(api, "patch", workload, namespace, body)
    for workload in found:
        _await(api, workload, namespace)
    return found


def _workloads(api: Any, namespace: str, parts: Collection[str]) -> list[Workload]:
    core: Any = client.CoreV1Api(api)
    pods = core.list_namespaced_pod(namespace, label_selector=SELECTOR).items
    chosen = [pod for pod in pods if {pod.metadata.labels.get(label) for label in LABELS} & set(parts)]
    owners = {(owner.kind, owner.name) for pod in chosen for owner in pod.metadata.owner_references or []}
    return sorted(
        {it for kind, name in owners if (it := _workload(api, namespace, kind, name))},
        key=lambda it: (it.kind, it.name),
    )


def _workload(api: Any, namespace: str, kind: str, name: str) -> Workload | None:
    if kind == "ReplicaSet":
        apps: Any = client.AppsV1Api(api)
        found = apps.read_namespaced_replica_set(name, namespace)
        return next((Workload(owner.kind, owner.name) for owner in found.metadata.owner_references or []), None)
    return Workload(kind, name) if kind == "StatefulSet" else None


def _call(api: Any, verb: str, workload: Workload, namespace: str, *body: Mapping[str, Any]) -> Any:
    kind = {"Deployment": "deployment", "StatefulSet": "stateful_set"}[workload.kind]
    return getattr(client.AppsV1Api(api), f"{verb}_namespaced_{kind}")(workload.name, namespace, *body)


def _await(api: Any, workload: Workload, namespace: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not _is_done(_call(api, "read", workload, namespace)):
        if time.monotonic() > deadline:
            raise ProjectError(
                f"{workload.name} has no pods that are ready after {SECONDS:.0f} seconds; see its events"
            )
        time.sleep(POLL_SECONDS)


def _is_done(found: Any) -> bool:
    wanted, status = found.spec.replicas, found.status
    counts = (status.replicas or 0, status.updated_replicas or 0, status.ready_replicas or 0)
    return status.observed_generation >= found.metadata.generation and counts == (wanted, wanted, wanted)
