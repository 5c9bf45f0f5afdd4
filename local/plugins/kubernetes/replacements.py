"""Which changes replace an object: the official provider's list (`provider/pkg/provider/diff.go`, 4.32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]

_IDENTITY = ("metadata.name", "metadata.namespace")
_SELECTOR = ("spec.selector",)
_CONTAINER = (
    "args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
    "resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "volumeMounts", "workingDir",
)  # fmt: skip
_POD = (
    "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases",
    "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead",
    "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName",
    "schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
    "terminationGracePeriodSeconds", "volumes",
)  # fmt: skip
_VOLUME_SOURCES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume",
    "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip

_BY_KIND: Mapping[tuple[str, str], Sequence[str]] = {
    ("apps/v1", "StatefulSet"): (
        *_SELECTOR,
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("apps/v1", "Deployment"): _SELECTOR,
    ("apps/v1", "DaemonSet"): _SELECTOR,
    ("batch/v1", "Job"): (*_SELECTOR, "spec.completions", "spec.parallelism", "spec.template"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME_SOURCES),
    ("v1", "PersistentVolumeClaim"): (
        *_SELECTOR,
        "spec.accessModes",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("v1", "Pod"): (
        *(f"spec.{field}" for field in _POD),
        *(f"spec.{group}.*.{field}" for group in ("containers", "initContainers") for field in _CONTAINER),
    ),
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Service"): ("spec.clusterIP",),
}


def replacing_fields(obj: Mapping[str, Any], config_map_mutable: bool, secret_mutable: bool) -> Sequence[str]:
    """The fields of this object whose change replaces it; `*` stands for any index."""
    kind = (str(obj.get("apiVersion")), str(obj.get("kind")))
    immutable = obj.get("immutable") is True
    if kind == ("v1", "Secret"):
        return (*_IDENTITY, "type", *(() if secret_mutable and not immutable else ("data", "stringData")))
    if kind == ("v1", "ConfigMap"):
        return (*_IDENTITY, *(() if config_map_mutable and not immutable else ("data", "binaryData")))
    return (*_IDENTITY, *_BY_KIND.get(kind, ()))


def replaces(path: Path, value: Any, fields: Sequence[str]) -> bool:
    """Whether a change at this path touches one of the fields: at it, below it, or above it with it inside."""
    return any(_touches(path, value, field.split(".")) for field in fields)


def _touches(path: Path, value: Any, field: Sequence[str]) -> bool:
    for step, wanted in zip(path, field, strict=False):
        if wanted not in ("*", str(step)):
            return False
    return _holds(value, field[len(path) :])


def _holds(value: Any, rest: Sequence[str]) -> bool:
    if not rest:
        return True
    if isinstance(value, Mapping):
        return rest[0] in value and _holds(value[rest[0]], rest[1:])
    if isinstance(value, list) and rest[0] == "*":
        return any(_holds(item, rest[1:]) for item in value)
    return False
