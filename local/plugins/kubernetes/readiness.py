"""When an object counts as ready, kind by kind: the rules of the official provider's `provider/pkg/await`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.plugins.kubernetes.client import ApiError, Client, Manifest

# Endpoints come in bursts; the official provider waits 10 s after the last change.
_SETTLE_SECONDS = 3
_MINUTES = 60


@dataclass
class Wait:
    """One object being waited for."""

    client: Client
    settle_seconds: float = _SETTLE_SECONDS
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """Ready, failed for good (with the reason), or what it is waiting for."""

    ready: bool
    message: str = ""
    failure: str = ""


Check = Callable[[Wait, Manifest], Progress]


def _status(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    status: Mapping[str, Any] = obj.get("status") or {}
    return status


def _condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    for condition in _status(obj).get("conditions") or []:
        if condition.get("type") == kind:
            found: Mapping[str, Any] = condition
            return found
    return {}


def _observed(obj: Manifest) -> bool:
    return int(_status(obj).get("observedGeneration", 0)) >= int(obj["metadata"].get("generation", 0))


def _deployment(_: Wait, obj: Manifest) -> Progress:
    wanted = int(obj["spec"].get("replicas", 1))
    status = _status(obj)
    updated = int(status.get("updatedReplicas", 0))
    available = _condition(obj, "Available").get("status") == "True"
    rolled_out = _condition(obj, "Progressing").get("reason") == "NewReplicaSetAvailable"
    ready = _observed(obj) and updated >= wanted and available and (rolled_out or wanted == 0)
    return Progress(ready, f"{status.get('availableReplicas', 0)} of {wanted} replicas available, {updated} updated")


def _stateful_set(_: Wait, obj: Manifest) -> Progress:
    wanted = int(obj["spec"].get("replicas", 1))
    status = _status(obj)
    ready = int(status.get("readyReplicas", 0))
    rolling = obj["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate"
    current = not rolling or wanted == 0 or status.get("currentRevision") == status.get("updateRevision")
    return Progress(_observed(obj) and current and ready >= wanted, f"{ready} of {wanted} replicas ready")


def _daemon_set(_: Wait, obj: Manifest) -> Progress:
    status = _status(obj)
    wanted = int(status.get("desiredNumberScheduled", 0))
    updated, available = int(status.get("updatedNumberScheduled", 0)), int(status.get("numberAvailable", 0))
    on_delete = obj["spec"].get("updateStrategy", {}).get("type") == "OnDelete"
    ready = _observed(obj) and (on_delete or updated >= wanted) and available >= wanted
    return Progress(ready, f"{available} of {wanted} pods available, {updated} updated")


def _job(_: Wait, obj: Manifest) -> Progress:
    failed = _condition(obj, "Failed")
    if failed.get("status") == "True":
        return Progress(False, failure=f"the Job failed: {failed.get('reason')}: {failed.get('message')}")
    if obj["spec"].get("suspend"):
        return Progress(True)
    status = _status(obj)
    counts = ", ".join(f"{name} {status.get(name, 0)}" for name in ("active", "succeeded", "failed"))
    return Progress(_condition(obj, "Complete").get("status") == "True", f"waiting for the Job to succeed ({counts})")


def _pod(_: Wait, obj: Manifest) -> Progress:
    phase = _status(obj).get("phase")
    if phase == "Failed":
        return Progress(False, failure="the Pod failed")
    ready = phase == "Succeeded" or _condition(obj, "Ready").get("status") == "True"
    return Progress(ready, f"waiting for the Pod to be ready (phase {phase})")


def _claim(wait: Wait, obj: Manifest) -> Progress:
    phase = _status(obj).get("phase")
    if phase == "Bound":
        return Progress(True)
    late = phase == "Pending" and _binding_mode(wait, obj) == "WaitForFirstConsumer"
    return Progress(late, f"waiting for the claim to be bound (phase {phase})")


def _binding_mode(wait: Wait, claim: Manifest) -> str:
    name = claim["spec"].get("storageClassName")
    if not name:
        return ""
    if name not in wait.memory:
        try:
            found = wait.client.get("storage.k8s.io/v1", "StorageClass", "", name)
        except ApiError:
            return ""
        wait.memory[name] = found.get("volumeBindingMode", "")
    return str(wait.memory[name])


def _volume(_: Wait, obj: Manifest) -> Progress:
    phase = _status(obj).get("phase")
    return Progress(phase in ("Available", "Bound"), f"waiting for the volume (phase {phase})")


def _quota(_: Wait, obj: Manifest) -> Progress:
    return Progress(_status(obj).get("hard") == obj["spec"].get("hard"), "waiting for the quota to be taken up")


def _secret(_: Wait, obj: Manifest) -> Progress:
    token = obj.get("type") == "kubernetes.io/service-account-token"
    return Progress(not token or bool(obj.get("data")), "waiting for the token")


def _service(wait: Wait, obj: Manifest) -> Progress:
    spec = obj["spec"]
    balanced = spec.get("type") == "LoadBalancer"
    if balanced and not _status(obj).get("loadBalancer", {}).get("ingress"):
        return Progress(False, "waiting for a load balancer address; does this cluster give any?")
    pods_matter = spec.get("selector") and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName"
    if not pods_matter:
        return Progress(True)
    pending = _settled_endpoints(wait, obj)
    if pending is None:
        return Progress(False, "waiting for the endpoints to settle")
    return Progress(pending == 0, f"waiting for {pending} pods behind the Service to become ready")


def _settled_endpoints(wait: Wait, service: Manifest) -> int | None:
    """How many endpoints are not ready; None as long as they keep changing."""
    metadata = service["metadata"]
    selector = f"kubernetes.io/service-name={metadata['name']}"
    slices = wait.client.find(
        "discovery.k8s.io/v1", "EndpointSlice", metadata.get("namespace", ""), labelSelector=selector
    )
    seen = sorted((part["metadata"]["uid"], part["metadata"]["resourceVersion"]) for part in slices)
    now = time.monotonic()
    if wait.memory.get("endpoints") != seen:
        wait.memory.update(endpoints=seen, since=now)
    if now - wait.memory["since"] < wait.settle_seconds:
        return None
    conditions = [endpoint.get("conditions", {}) for part in slices for endpoint in part.get("endpoints") or []]
    return sum(not found.get("ready", True) and not found.get("terminating") for found in conditions)


def _ingress(wait: Wait, obj: Manifest) -> Progress:
    namespace = obj["metadata"].get("namespace", "")
    missing = sorted(name for name in _backends(obj["spec"]) if not _service_exists(wait, namespace, name))
    if missing:
        return Progress(False, f"waiting for the Services behind the paths: {', '.join(missing)}")
    addressed = bool(_status(obj).get("loadBalancer", {}).get("ingress"))
    return Progress(addressed, "waiting for an ingress controller to write an address into .status.loadBalancer")


def _backends(spec: Mapping[str, Any]) -> set[str]:
    paths = [path for rule in spec.get("rules") or [] for path in rule.get("http", {}).get("paths") or []]
    backends = [spec.get("defaultBackend") or {}, *(path.get("backend", {}) for path in paths)]
    return {backend["service"]["name"] for backend in backends if "service" in backend}


def _service_exists(wait: Wait, namespace: str, name: str) -> bool:
    try:
        wait.client.get("v1", "Service", namespace, name)
    except ApiError as error:
        if error.missing:
            return False
        raise
    return True


# Seconds are the official provider's defaults.
_CHECKS: Mapping[tuple[str, str], tuple[Check, float]] = {
    ("apps/v1", "Deployment"): (_deployment, 10 * _MINUTES),
    ("apps/v1", "StatefulSet"): (_stateful_set, 10 * _MINUTES),
    ("apps/v1", "DaemonSet"): (_daemon_set, 10 * _MINUTES),
    ("batch/v1", "Job"): (_job, 10 * _MINUTES),
    ("v1", "Pod"): (_pod, 10 * _MINUTES),
    ("v1", "PersistentVolumeClaim"): (_claim, 5 * _MINUTES),
    ("v1", "PersistentVolume"): (_volume, 5 * _MINUTES),
    ("v1", "ResourceQuota"): (_quota, _MINUTES),
    ("v1", "Secret"): (_secret, 5),
    ("v1", "Service"): (_service, 10 * _MINUTES),
    ("networking.k8s.io/v1", "Ingress"): (_ingress, 10 * _MINUTES),
}


def check_of(obj: Manifest) -> tuple[Check, float] | None:
    """The kind's check and its default timeout in seconds; None for kinds that are ready once they exist."""
    return _CHECKS.get((obj["apiVersion"], obj["kind"]))
