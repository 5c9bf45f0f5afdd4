"""The pods and containers that a manifest makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .resources import Manifest, Resource, manifests
from .values import UNKNOWN, at, items, mapping, walk

TEMPLATE = ("spec", "template")
POD_PATHS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): TEMPLATE,
    ("apps", "Deployment"): TEMPLATE,
    ("extensions", "Deployment"): TEMPLATE,
    ("apps", "StatefulSet"): TEMPLATE,
    ("apps", "DaemonSet"): TEMPLATE,
    ("apps", "ReplicaSet"): TEMPLATE,
    ("batch", "Job"): TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", *TEMPLATE),
}
JOBS = {"Job", "CronJob"}
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
    def command(self) -> list[str]:
        """The words that stand in for the image's entrypoint."""
        return _words(self.body.get("command"))

    @property
    def args(self) -> list[str]:
        """The arguments."""
        return _words(self.body.get("args"))

    @property
    def words(self) -> list[str]:
        """Command and arguments."""
        return [*self.command, *self.args]

    @property
    def ends(self) -> bool:
        """Whether it does one thing and stops, rather than serve."""
        return self.is_init or self.pod.manifest.kind in JOBS

    @property
    def mounts(self) -> list[Mapping[str, Any]]:
        """Its volume mounts."""
        return [mapping(mount) for mount in items(self.body.get("volumeMounts"))]


@dataclass(frozen=True)
class Pod:
    """The pod specification in a manifest, and the metadata of its template."""

    manifest: Manifest
    spec: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @property
    def containers(self) -> list[Container]:
        """All containers, those of the set-up included."""
        return [
            Container(str(at(body, "name")), mapping(body), kind == "initContainers" and _ends(body), self)
            for kind in CONTAINER_LISTS
            for body in items(self.spec.get(kind))
        ]

    @property
    def volumes(self) -> dict[str, Mapping[str, Any]]:
        """Its volumes by name."""
        return {str(at(volume, "name")): mapping(volume) for volume in items(self.spec.get("volumes"))}


def _ends(body: Any) -> bool:
    return bool(at(body, "restartPolicy") != "Always")


def _words(value: Any) -> list[str]:
    return [part if isinstance(part, str) else "$UNKNOWN" for part in items(value)]


def pods(resource: Resource) -> Iterator[Pod]:
    """The pods of a resource; an unknown specification counts as an empty one, which no rule over pods accepts.

    In a kind that is not Kubernetes' own, whatever has a list of containers is a pod.
    """
    for manifest in manifests(resource):
        path = POD_PATHS.get((manifest.group, manifest.kind))
        if path is not None:
            template = at(manifest.body, *path)
            if at(template, "spec") is not None or not manifest.is_patch:
                yield Pod(manifest, mapping(at(template, "spec")), mapping(at(template, "metadata")))
        else:
            yield from _embedded(manifest)


def _embedded(manifest: Manifest) -> Iterator[Pod]:
    for _, value in walk(manifest.body):
        if any(at(each, "image") for each in items(at(value, "containers"))):
            yield Pod(manifest, mapping(value), {})


def containers(resource: Resource) -> Iterator[Container]:
    """Every container of every pod of a resource."""
    for pod in pods(resource):
        yield from pod.containers


def unreadable_pods(resource: Resource) -> Iterator[str]:
    """Pods of which not even the list of containers is known, so that nothing about them can be said."""
    for pod in pods(resource):
        listed = pod.spec.get("containers")
        if (not items(listed) and not pod.manifest.is_patch) or listed is UNKNOWN or UNKNOWN in items(listed):
            yield f"{pod.manifest.label}: its containers cannot be read; write spec.containers as a plain list"
