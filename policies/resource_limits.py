"""No container can starve its node, and the scheduler knows what each one needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from .checks.pods import containers, unreadable_pods
from .checks.releases import label_studio_release
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at, items

CUSTOM_RESOURCES = {
    ("postgresql.cnpg.io", "Cluster"): ("spec", "resources"),
    ("barmancloud.cnpg.io", "ObjectStore"): ("spec", "instanceSidecarConfiguration", "resources"),
    ("acid.zalan.do", "postgresql"): ("spec", "resources"),
    ("middleware.alauda.io", "Redis"): ("spec", "resources"),
}
CHART_RESOURCES = (("app", "resources"), ("app", "nginx", "resources"), ("app", "initContainer", "resources"))
ZERO = re.compile(r"[+-]?0*(\.0*)?([a-zA-Z]*|e\d+)")
NEEDED = tuple((kind, name) for kind in ("requests", "limits") for name in ("cpu", "memory"))


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """CPU and memory are requested and limited everywhere; the charts' own defaults are none."""
    yield from unreadable_pods(resource)
    for container in containers(resource):
        if "resources" in container.body or not container.pod.manifest.is_patch:
            yield from _missing(container.label, "resources", container.body.get("resources"))
    for manifest in manifests(resource) if not resource.type.endswith("Patch") else ():
        for path, resources in _of_custom_resource(manifest):
            yield from _missing(manifest.label, path, resources)
    if release := label_studio_release(resource):
        for keys in CHART_RESOURCES:
            yield from _missing(release.label, release.path(*keys), release.get(*keys))


def _of_custom_resource(manifest: Manifest) -> Iterator[tuple[str, Any]]:
    if path := CUSTOM_RESOURCES.get((manifest.group, manifest.kind)):
        yield ".".join(path), at(manifest.body, *path)
    if (manifest.group, manifest.kind) == ("minio.min.io", "Tenant"):
        for index, pool in enumerate(items(at(manifest.body, "spec", "pools"))):
            yield f"spec.pools[{index}].resources", at(pool, "resources")


def _missing(label: str, path: str, resources: Any) -> Iterator[str]:
    missing = [f"{kind}.{name}" for kind, name in NEEDED if not _is_quantity(at(resources, kind, name))]
    if missing:
        yield f"{label}: {path} lacks {', '.join(missing)}; write quantities such as 500m and 1Gi"


def _is_quantity(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value is UNKNOWN
    return bool(str(value).strip()) and not ZERO.fullmatch(str(value))


RULE = Rule(
    name="resource-limits",
    title="Resources are limited",
    description="Every container requests CPU and memory and is limited in both.",
    remediation="Write requests and limits of cpu and memory (resources in the stack file).",
    severity=Severity.MEDIUM,
    check=check,
)
