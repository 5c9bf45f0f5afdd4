"""The pods and containers that a manifest makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.checks.resources import Manifest, Resource, manifests
from policies.checks.values import UNKNOWN, at, items, mapping

TEMPLATE = ("spec", "template", "spec")
POD_PATHS = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "Deployment": TEMPLATE,
    "StatefulSet": TEMPLATE,
    "DaemonSet": TEMPLATE,
    "ReplicaSet": TEMPLATE,
    "ReplicationController": TEMPLATE,
    "Job": TEMPLATE,
    "CronJob": ("spec", "jobTemplate", *TEMPLATE),
}
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True)
class Container:
    """A container of a pod; ``is_init`` for one that ends before the others start."""

    name: str
    body: Mapping[str, Any]
    is_init: bool
    pod: Pod

    @property
    def label(self) -> str:
        """How messages call the container."""
        return f"{self.pod.manifest.label}, container {self.name}"

    @property
    def words(self) -> list[str]:
        """Command and arguments."""
        parts = [*items(self.body.get("command")), *items(self.body.get("args"))]
        return [part for part in parts if isinstance(part, str)]


@dataclass(frozen=True)
class Pod:
    """The pod specification in a manifest."""

    manifest: Manifest
    spec: Mapping[str, Any]

    @property
    def containers(self) -> list[Container]:
        """All containers, those of the set-up included."""
        return [
            Container(str(at(body, "name")), mapping(body), kind == "initContainers" and _ends(body), self)
            for kind in CONTAINER_LISTS
            for body in items(self.spec.get(kind))
        ]


def _ends(body: Any) -> bool:
    return bool(at(body, "restartPolicy") != "Always")


def pods(resource: Resource) -> Iterator[Pod]:
    """The pods of a resource; an unknown specification counts as an empty one, which no rule over pods accepts."""
    for manifest in manifests(resource):
        if path := POD_PATHS.get(manifest.kind):
            yield Pod(manifest, mapping(at(manifest.body, *path)))


def containers(resource: Resource) -> Iterator[Container]:
    """Every container of every pod of a resource."""
    for pod in pods(resource):
        yield from pod.containers


def unreadable_pods(resource: Resource) -> Iterator[str]:
    """Pods of which not even the list of containers is known, so that nothing about them can be said."""
    for pod in pods(resource):
        if not items(pod.spec.get("containers")) or UNKNOWN in items(pod.spec.get("containers")):
            yield f"{pod.manifest.label}: its containers cannot be read; write spec.containers as a plain list"
