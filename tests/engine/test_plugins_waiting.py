"""Waiting for real pods, volumes and custom resources, and what is said when they do not come."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.plugins.kubernetes.client import ApiError, Client
from tests.engine.direct import Direct, Engine, FailedError, urn

_DEPLOYMENT = urn("kubernetes:apps/v1:Deployment")
_STATEFUL_SET = urn("kubernetes:apps/v1:StatefulSet")
_DAEMON_SET = urn("kubernetes:apps/v1:DaemonSet")
_JOB = urn("kubernetes:batch/v1:Job")
_POD = urn("kubernetes:core/v1:Pod")
_SERVICE = urn("kubernetes:core/v1:Service")
_SECRET = urn("kubernetes:core/v1:Secret")
_CLAIM = urn("kubernetes:core/v1:PersistentVolumeClaim")
_CONFIG_MAP = urn("kubernetes:core/v1:ConfigMap")
_INGRESS = urn("kubernetes:networking.k8s.io/v1:Ingress")
_DEFINITION = urn("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition")


def _pod(image: str, command: str, **more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": image, "command": ["sh", "-c", command], **more}
    return {"terminationGracePeriodSeconds": 0, "containers": [container]}


def _workload(name: str, pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels}, "template": template, **spec}}


@pytest.mark.parametrize(
    ("resource", "spec"),
    [(_DEPLOYMENT, {"replicas": 2}), (_STATEFUL_SET, {"serviceName": "x"}), (_DAEMON_SET, {})],
    ids=["deployment", "statefulset", "daemonset"],
)
def test_workloads_are_ready_when_their_pods_are(  # noqa: PLR0917
    provider: Direct, cluster: Client, namespace: str, shell_image: str, resource: str, spec: dict[str, Any]
) -> None:
    name = resource.rsplit(":", 3)[1].lower()
    probe = {"readinessProbe": {"exec": {"command": ["test", "-f", "/tmp/ready"]}, "periodSeconds": 1}}
    pod = _pod(shell_image, "sleep 2; touch /tmp/ready; sleep 1000", **probe)
    identity, state = provider.make(resource, _workload(name, pod, **spec))
    assert identity == f"{namespace}/{name}"
    pods = cluster.find("v1", "Pod", namespace, labelSelector=f"app={name}")
    assert pods
    assert all(_ready(found) for found in pods)

    inputs = state["__inputs"]
    container = inputs["spec"]["template"]["spec"]["containers"][0]
    container["command"] = ["sh", "-c", "touch /tmp/ready; sleep 1001"]
    provider.update(resource, state, inputs)
    pods = [found for found in cluster.find("v1", "Pod", namespace, labelSelector=f"app={name}") if _alive(found)]
    assert all(_ready(found) and "1001" in found["spec"]["containers"][0]["command"][2] for found in pods)

    provider.delete(resource, identity, state)
    assert not cluster.find("v1", "Pod", namespace, labelSelector=f"app={name}")


def _ready(pod: dict[str, Any]) -> bool:
    return any(found["type"] == "Ready" and found["status"] == "True" for found in pod["status"]["conditions"])


def _alive(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def test_a_workload_that_does_not_come_is_kept_with_the_reason(provider: Direct, namespace: str) -> None:
    inputs = _workload("unpullable", _pod("registry.invalid/nothing:1", "true"))
    with pytest.raises(FailedError, match=r"ErrImagePull|ImagePullBackOff") as failed:
        provider.make(_DEPLOYMENT, inputs, timeout=8)
    assert failed.value.partial.id == f"{namespace}/unpullable"
    state = failed.value.state
    assert state["__inputs"]["metadata"]["name"] == "unpullable"
    with pytest.raises(FailedError, match="is not ready"):
        provider.read(_DEPLOYMENT, f"{namespace}/unpullable", state, state["__inputs"])
    provider.delete(_DEPLOYMENT, f"{namespace}/unpullable", state)


def test_a_job_is_done_or_says_why_not_without_secrets(
    provider: Direct, cluster: Client, namespace: str, shell_image: str
) -> None:
    password = secrets.token_urlsafe(16)
    provider.make(_SECRET, {"metadata": {"name": "job"}, "stringData": {"password": password}})
    reference = {"secretKeyRef": {"name": "job", "key": "password"}}
    env = {"env": [{"name": "PASSWORD", "valueFrom": reference}]}

    def job(name: str, command: str) -> dict[str, Any]:
        pod = {**_pod(shell_image, command, **env), "restartPolicy": "Never"}
        return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": pod}}}

    _, state = provider.make(_JOB, job("good", "sleep 1"))
    assert state["status"]["succeeded"] == 1
    with pytest.raises(FailedError) as failed:
        provider.make(_JOB, job("bad", "echo connecting with $PASSWORD; exit 3"))
    message = str(failed.value)
    assert "BackoffLimitExceeded" in message
    assert "exit code 3" in message
    assert "connecting with [secret]" in message
    assert password not in message

    unready = {"annotations": {"pulumi.com/replaceUnready": "true"}}
    retried = job("bad", "true")
    retried["metadata"] |= unready
    answer = provider.diff(_JOB, failed.value.state, provider.check(_JOB, retried))
    assert 'metadata.annotations["pulumi.com/replaceUnready"]' in answer.replaces
    assert answer.deleteBeforeReplace
    assert cluster.get("batch/v1", "Job", namespace, "bad")


def test_a_pod_that_fails_is_an_error(provider: Direct, shell_image: str) -> None:
    pod = {**_pod(shell_image, "exit 4"), "restartPolicy": "Never"}
    with pytest.raises(FailedError, match="exit code 4"):
        provider.make(_POD, {"metadata": {"name": "failing"}, "spec": pod})
    finished = {**_pod(shell_image, "true"), "restartPolicy": "Never"}
    provider.make(_POD, {"metadata": {"name": "finished"}, "spec": finished})


def test_a_claim_for_the_first_consumer_is_ready_while_pending(provider: Direct) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    _, state = provider.make(_CLAIM, {"metadata": {"name": "late"}, "spec": spec}, timeout=20)
    assert state["status"]["phase"] == "Pending"


def test_services_wait_for_their_pods_and_addresses(
    provider: Direct, cluster: Client, namespace: str, shell_image: str
) -> None:
    ports = [{"port": 80}]
    probe = {"readinessProbe": {"exec": {"command": ["test", "-f", "/tmp/ready"]}, "periodSeconds": 1}}
    pod = _pod(shell_image, "sleep 4; touch /tmp/ready; sleep 1000", **probe)
    labels = {"app": "served"}
    metadata = {"name": "served", "labels": labels, "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}, dry_run=False)
    provider.make(_SERVICE, {"metadata": {"name": "served"}, "spec": {"selector": labels, "ports": ports}})
    assert _ready(cluster.get("v1", "Pod", namespace, "served"))

    provider.make(_SERVICE, {"metadata": {"name": "empty"}, "spec": {"selector": {"app": "none"}, "ports": ports}})
    with pytest.raises(FailedError, match="load balancer address"):
        provider.make(
            _SERVICE, {"metadata": {"name": "balanced"}, "spec": {"type": "LoadBalancer", "ports": ports}}, timeout=3
        )
    skipped = {"name": "skipped", "annotations": {"pulumi.com/skipAwait": "true"}}
    provider.make(_SERVICE, {"metadata": skipped, "spec": {"type": "LoadBalancer", "ports": ports}}, timeout=3)


def test_an_ingress_waits_for_its_services_and_an_address(provider: Direct, cluster: Client, namespace: str) -> None:
    backend = {"service": {"name": "behind", "port": {"number": 80}}}
    inputs = {"metadata": {"name": "door"}, "spec": {"ingressClassName": "none", "defaultBackend": backend}}
    with pytest.raises(FailedError, match="Services behind the paths: behind") as failed:
        provider.make(_INGRESS, inputs, timeout=2)
    provider.make(_SERVICE, {"metadata": {"name": "behind"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}})
    with pytest.raises(FailedError, match="address"):
        provider.update(_INGRESS, failed.value.state, failed.value.state["__inputs"], timeout=2)


@pytest.fixture
def group(cluster: Client, namespace: str) -> Iterator[str]:
    """An API group whose definition goes with the test, however it ends."""
    name = f"{namespace}.example.com"
    yield name
    with contextlib.suppress(ApiError):
        cluster.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", f"things.{name}", "Background")


def test_custom_resources_wait_for_what_their_annotation_says(
    provider: Direct, cluster: Client, engine: Engine, namespace: str, group: str
) -> None:
    schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    spec = {
        "group": group,
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [version],
    }
    definition = provider.check(_DEFINITION, {"metadata": {"name": f"things.{group}"}, "spec": spec})
    resource = urn(f"kubernetes:{group}/v1:Thing")
    thing = provider.check(resource, {"metadata": {"name": "thing", "annotations": _WAIT}, "spec": {"size": "1000m"}})
    # Before the cluster knows the kind, a preview takes the inputs as they are.
    assert provider.create(resource, thing, preview=True) == ("", thing)
    identity, state = provider.create(_DEFINITION, definition)
    assert state["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x_kubernetes_preserve_unknown_fields"] is True

    reporter = threading.Thread(target=_report, args=(cluster, f"{group}/v1", namespace))
    reporter.start()
    _, made = provider.create(resource, thing)
    reporter.join()
    assert made["status"]["phase"] == "healthy"
    assert any("waiting for jsonpath={.status.phase}=healthy" in message for message in engine.messages)
    # A custom resource is kept as it was written: no quantity is the same as another there.
    other = provider.check(resource, {**thing, "spec": {"size": "1"}}, thing)
    assert list(provider.diff(resource, made, other).detailedDiff) == ["spec.size"]
    provider.delete(_DEFINITION, identity, state)
    assert provider.read(resource, f"{namespace}/thing", made, thing)[0] == ""


_HEALTHY = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "healthy"}
_WAIT = {"pulumi.com/waitFor": '["condition=Ready", "jsonpath={.status.phase}=healthy"]'}


def _report(cluster: Client, version: str, namespace: str) -> None:
    """What a controller would write, bit by bit."""
    for _ in range(100):
        with contextlib.suppress(ApiError):
            cluster.get(version, "Thing", namespace, "thing")
            break
        time.sleep(0.2)
    ready = {"type": "Ready", "status": "True"}
    path = cluster.kind(version, "Thing").path(namespace, "thing", "status")
    for status in (
        {"conditions": [{**ready, "status": "False"}]},
        {"conditions": [ready], "phase": "starting"},
        _HEALTHY,
    ):
        time.sleep(1)
        cluster._request("PATCH", path, content={"status": status}, content_type="application/merge-patch+json")


def test_a_deletion_waits_for_finalizers_and_names_them(provider: Direct, cluster: Client, namespace: str) -> None:
    metadata = {"name": "held", "finalizers": ["example.com/hold"]}
    identity, state = provider.make(_CONFIG_MAP, {"metadata": metadata})
    with pytest.raises(FailedError, match=r"finalizers: example\.com/hold"):
        provider.delete(_CONFIG_MAP, identity, state, timeout=2)
    live = cluster.get("v1", "ConfigMap", namespace, "held")
    cluster.json_patch(live, [{"op": "remove", "path": "/metadata/finalizers"}])
    provider.delete(_CONFIG_MAP, identity, state)
    with pytest.raises(ApiError, match="not found"):
        cluster.get("v1", "ConfigMap", namespace, "held")
