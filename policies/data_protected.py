"""One mistake must not delete what people annotated."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import at

STORES = {
    ("postgresql.cnpg.io", "Cluster"),
    ("acid.zalan.do", "postgresql"),
    ("middleware.alauda.io", "Redis"),
    ("minio.min.io", "Tenant"),
    ("", "PersistentVolumeClaim"),
    ("", "Namespace"),
}
KEEP = "helm.sh/resource-policy"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Databases, object stores, volumes, and the namespace that holds them, are protected and keep their volumes."""
    for manifest in manifests(resource):
        if not _holds_data(manifest):
            continue
        # A patch is not the object: the volume does not go when the patch does.
        if not resource.protect and not manifest.is_patch and manifest.annotations.get(KEEP) != "keep":
            yield f"{manifest.label}: it holds data without the option protect; write cluster.protectData: true"
        retention = at(manifest.body, "spec", "persistentVolumeClaimRetentionPolicy")
        if "Delete" in (at(retention, "whenDeleted"), at(retention, "whenScaled")):
            yield f"{manifest.label}: its volumes go with it; write Retain in persistentVolumeClaimRetentionPolicy"


def _holds_data(manifest: Manifest) -> bool:
    claims = manifest.kind == "StatefulSet" and bool(at(manifest.body, "spec", "volumeClaimTemplates"))
    return claims or (manifest.group, manifest.kind) in STORES


RULE = Rule(
    name="data-protected",
    title="Data is protected",
    description="What holds data in the cluster is protected from deletion.",
    remediation="Write cluster.protectData: true; take protection off by hand when the data may really go.",
    severity=Severity.HIGH,
    check=check,
)
