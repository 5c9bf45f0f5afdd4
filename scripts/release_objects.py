"""Finds objects of Helm releases that somebody deleted, and makes exactly those again.

`pulumi stack export | python -m scripts.release_objects STACK [--repair]`. A refresh does not find them: the provider
reads a release from Helm's own record, not from the objects (`Release.resourceNames` of its state). Nothing that exists
is touched: no pod restarts, and the release stays at its revision. Checking reads objects alone; repairing also reads
Helm's record, a Secret, for the manifests.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import yaml
from kubernetes import config
from kubernetes.client import ApiException
from kubernetes.config import ConfigException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError
from urllib3.exceptions import HTTPError

from policies.checks.values import at
from policies.stacks import StackFileError, stack_config
from scripts.state import StateError, resource_records

RELEASE = "kubernetes:helm.sh/v3:Release"


class ClusterError(RuntimeError):
    """The cluster could not be asked; the message says why."""


@dataclass(frozen=True, order=True)
class Item:
    """An object of a release. The namespace is that of the release where none is given; some kinds have none at all."""

    version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Release:
    """A deployed release of the state, and the objects that it consists of."""

    name: str
    namespace: str
    revision: int
    items: tuple[Item, ...]


def releases(file: TextIO) -> list[Release]:
    """The releases of an exported state. Raises StateError."""
    return [_release(each["outputs"]) for each in resource_records(file) if each["type"] == RELEASE]


def _release(outputs: Mapping[str, Any]) -> Release:
    status, namespace = outputs["status"], outputs["namespace"]
    items = (_item(kind, name, namespace) for kind, names in outputs["resourceNames"].items() for name in names)
    return Release(status["name"], namespace, int(status["revision"]), tuple(sorted(items)))


def _item(kind: str, name: str, namespace: str) -> Item:
    """From the provider's spelling: `Service/v1` or `Deployment.apps/apps/v1`, and `namespace/name` or `name`."""
    kind, _, version = kind.partition("/")
    given, _, name = name.rpartition("/")
    return Item(version, kind.partition(".")[0], given or namespace, name)


@dataclass(frozen=True)
class Cluster:
    """The cluster that the releases are on."""

    client: DynamicClient

    @classmethod
    def connect(cls, context: str | None) -> Cluster:
        """By the kubeconfig, and the context of the stack. Raises ClusterError."""
        try:
            # The client looks at the variable only once, when it is imported.
            file = os.environ.get("KUBECONFIG") or config.KUBE_CONFIG_DEFAULT_LOCATION
            return cls(DynamicClient(config.new_client_from_config(config_file=file, context=context)))
        except (ConfigException, ApiException, HTTPError) as error:
            raise ClusterError(f"the cluster of context {context or '(current)'} does not answer: {error}") from None

    def has(self, item: Item) -> bool:
        """Whether the object exists. A kind that the cluster no longer knows has none. Raises ClusterError."""
        try:
            resource = self._kind(item)
            resource.get(name=item.name, namespace=item.namespace if resource.namespaced else None)
        except ResourceNotFoundError:
            return False
        except DynamicApiError as error:
            if error.status == 404:
                return False
            raise ClusterError(f"{item} cannot be read: {error.summary()}") from None
        return True

    def create(self, item: Item, manifest: Mapping[str, Any]) -> None:
        """Make the object. Raises ClusterError."""
        try:
            resource = self._kind(item)
            namespace = item.namespace if resource.namespaced else None
            resource.create(body=manifest, namespace=namespace, field_manager="helm")
        except (ResourceNotFoundError, DynamicApiError) as error:
            raise ClusterError(f"{item} cannot be made: {error}") from None

    def manifests(self, release: Release) -> Iterator[dict[str, Any]]:
        """The manifests of a release, from Helm's record of it. Raises ClusterError."""
        name = f"sh.helm.release.v1.{release.name}.v{release.revision}"
        try:
            record = self.client.resources.get(api_version="v1", kind="Secret").get(
                name=name, namespace=release.namespace
            )
        except DynamicApiError as error:
            raise ClusterError(f"Helm's record {release.namespace}/{name} cannot be read: {error.summary()}") from None
        decoded = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(record.data.release))))
        yield from (each for each in yaml.safe_load_all(decoded["manifest"]) if each)

    def _kind(self, item: Item) -> Any:
        return self.client.resources.get(api_version=item.version, kind=item.kind)


def lost(found: Sequence[Release], cluster: Cluster) -> list[tuple[Release, Item]]:
    """The objects that releases should have and the cluster has not."""
    return [(release, item) for release in found for item in release.items if not cluster.has(item)]


def repair(missing: Sequence[tuple[Release, Item]], cluster: Cluster) -> None:
    """Make objects as Helm made them. Raises ClusterError; what was made until then stays."""
    for release in dict.fromkeys(release for release, _ in missing):
        wanted = {item for owner, item in missing if owner == release}
        for manifest in cluster.manifests(release):
            item = _named(manifest, release.namespace)
            if item in wanted:
                cluster.create(item, _owned(manifest, release))
                wanted.remove(item)
        if wanted:
            names = ", ".join(map(str, sorted(wanted)))
            raise ClusterError(f"revision {release.revision} of release {release.name} has no manifest of {names}")


def _named(manifest: Mapping[str, Any], namespace: str) -> Item:
    """The object that a manifest is about."""
    metadata = manifest["metadata"]
    return Item(manifest["apiVersion"], manifest["kind"], metadata.get("namespace", namespace), metadata["name"])


def _owned(manifest: Mapping[str, Any], release: Release) -> dict[str, Any]:
    """With the marks by which Helm knows its own (helm.sh/docs/topics/charts, "managed-by")."""
    metadata = manifest["metadata"]
    marks = {"meta.helm.sh/release-name": release.name, "meta.helm.sh/release-namespace": release.namespace}
    annotations = {**(metadata.get("annotations") or {}), **marks}
    labels = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    return {**manifest, "metadata": {**metadata, "annotations": annotations, "labels": labels}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Name what is lost; 1 if something is, unless it was made again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack", help="name of the stack, whose file says which cluster it is on")
    parser.add_argument("--repair", action="store_true", help="make what is lost")
    options = parser.parse_args(arguments)
    try:
        found = releases(sys.stdin)
        cluster = Cluster.connect(at(stack_config(options.stack), "label-studio:cluster", "context"))
        missing = lost(found, cluster)
        if options.repair:
            repair(missing, cluster)
    except (StackFileError, StateError, ClusterError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for release, item in missing:
        outcome = "made again" if options.repair else "is lost; `make repair` makes it again"
        sys.stdout.write(f"{item} of release {release.name} {outcome}\n")
    if not missing:
        sys.stdout.write(f"all {sum(len(release.items) for release in found)} objects of the releases are there\n")
    return int(bool(missing) and not options.repair)


if __name__ == "__main__":
    sys.exit(main())
