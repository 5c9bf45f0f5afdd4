"""The few calls to the cluster's API that the platform itself makes."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import httpx

from local.cluster import network, pki
from local.cluster.errors import ClusterError

Object = dict[str, Any]
MANAGER = "label-studio-local"
_TICK = 0.2
# What these kinds are called in paths; everything that is applied here forms its plural regularly.
_CLUSTER_WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "StorageClass",
    "ValidatingWebhookConfiguration",
}


class Timeout(RuntimeError):  # noqa: N818 - it says what happened
    """Something did not become true in time; the message says what."""


class Api:
    """The administrator's connection."""

    def __init__(self) -> None:
        context = ssl.create_default_context(cafile=str(pki.AUTHORITY.certificate))
        context.load_cert_chain(pki.ADMINISTRATOR.certificate, pki.ADMINISTRATOR.key)
        # trust_env: a proxy of the environment cannot know this address.
        self._client = httpx.Client(base_url=network.API_URL, verify=context, timeout=30, trust_env=False)

    def ready(self) -> bool:
        """Whether the server serves, all its start hooks done."""
        try:
            return self._client.get("/readyz", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def get(self, path: str, **query: str) -> Object:
        """One object or list; raises httpx.HTTPStatusError."""
        answer = self._client.get(path, params=query)
        answer.raise_for_status()
        document: Object = answer.json()
        return document

    def text(self, path: str, **query: str) -> str:
        """What is not JSON: a log."""
        answer = self._client.get(path, params=query)
        answer.raise_for_status()
        return answer.text

    def apply(self, objects: Iterable[Object]) -> None:
        """Server-side apply, so that a second time changes nothing."""
        for each in objects:
            answer = self._patch(each, {"fieldManager": MANAGER, "force": "true"})
            if answer.is_error:
                raise ClusterError(f"{each['kind']} {each['metadata']['name']}: {answer.text}")

    def delete(self, objects: Iterable[Object], seconds: float = 120) -> None:
        """Delete what is there and wait until it is gone: what is made again too early lands in a dying namespace."""
        going = list(objects)
        for each in going:
            answer = self._client.delete(object_path(each), params={"propagationPolicy": "Background"})
            if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
                raise ClusterError(f"{each['kind']} {each['metadata']['name']}: {answer.text}")
        for each in going:
            wait(f"{each['kind']} {each['metadata']['name']} to go", partial(self._is_gone, each), seconds)

    def kill(self, namespace: str, pod: str) -> None:
        """Delete a pod at once, without letting its processes end their work."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}"
        self._client.delete(path, params={"gracePeriodSeconds": "0"}).raise_for_status()

    def has(self, item: Object) -> bool:
        """Whether there is an object of this kind and name."""
        return not self._is_gone(item)

    def _is_gone(self, item: Object) -> bool:
        return self._client.get(object_path(item)).status_code == httpx.codes.NOT_FOUND

    def accepts(self, item: Object) -> bool:
        """Whether an object would be taken, all its webhooks asked."""
        query = {"fieldManager": MANAGER, "force": "true", "dryRun": "All"}
        return self._patch(item, query).is_success

    def node_ready(self) -> bool:
        """Whether the kubelet says that pods may come."""
        nodes = self.get("/api/v1/nodes")["items"]
        return bool(nodes) and all(has_condition(node, "Ready") for node in nodes)

    def node_has_addresses(self) -> bool:
        """Whether the node is registered and a range of addresses is its own."""
        return any(node["spec"].get("podCIDR") for node in self.get("/api/v1/nodes")["items"])

    def available(self, namespace: str, deployment: str) -> bool:
        """Whether a deployment has all its pods, of its newest kind."""
        found = self.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}")
        status, wanted = found.get("status", {}), found["spec"]["replicas"]
        seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        return bool(seen and status.get("availableReplicas", 0) == status.get("updatedReplicas", 0) == wanted)

    def containers(self, namespace: str) -> set[str]:
        """The ids of the containers that pods of a namespace are said to run."""
        pods = self.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        statuses = [each for pod in pods for each in pod["status"].get("containerStatuses", [])]
        return {each["containerID"].removeprefix("containerd://") for each in statuses if "running" in each["state"]}

    def _patch(self, item: Object, query: dict[str, str]) -> httpx.Response:
        # JSON is YAML, and much the faster to write where a definition of resources is long.
        content, kind = json.dumps(item), {"Content-Type": "application/apply-patch+yaml"}
        return self._client.patch(object_path(item), params=query, headers=kind, content=content)


def has_condition(item: Object, kind: str) -> bool:
    """Whether a condition of an object is True."""
    conditions = item.get("status", {}).get("conditions", [])
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def object_path(item: Object) -> str:
    """The address of an object in the API."""
    version, kind, metadata = item["apiVersion"], item["kind"], item["metadata"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = kind.lower()
    plural += "es" if plural.endswith(("s", "x")) else ""
    plural = f"{plural[:-1]}ies" if plural.endswith("y") else plural if plural.endswith("es") else f"{plural}s"
    namespace = "" if kind in _CLUSTER_WIDE else f"/namespaces/{metadata['namespace']}"
    return f"{root}{namespace}/{plural}/{metadata['name']}"


def wait(what: str, is_so: Callable[[], bool], seconds: float, check: Callable[[], None] | None = None) -> None:
    """Poll until ``is_so``; ``check`` may raise earlier, when waiting on has become pointless."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if check:
            check()
        if time.monotonic() > deadline:
            raise Timeout(f"timed out after {seconds:.0f} s waiting for {what}")
        time.sleep(_TICK)
