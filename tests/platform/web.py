"""A page of an unprivileged user, with a volume, a Service and a node port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local.cluster.api import Api, wait
from local.cluster.images import system_references

NAMESPACE = "isolation-test"
NODE_PORT = 30076
NOBODY = 65534
SERVE = "echo kept > /data/f; exec /bin/busybox httpd -fp 8080 -h /data"


@dataclass(frozen=True)
class Web:
    """Its addresses within the cluster."""

    service: str

    @property
    def pod(self) -> str:
        """Of the pod that there is now."""
        [pod] = pods(Api())
        return str(pod["status"]["podIP"])


@contextmanager
def served() -> Iterator[Web]:
    """The page, once it answers."""
    api = Api()
    api.apply(workload())
    wait("the page of the test", answers, 60)
    service = api.get(f"/api/v1/namespaces/{NAMESPACE}/services/web")
    yield Web(service["spec"]["clusterIP"])
    api.delete([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])


def pods(api: Api) -> list[dict[str, Any]]:
    """The pods that have an address."""
    return [pod for pod in api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"] if "podIP" in pod["status"]]


def answers(port: int = NODE_PORT) -> bool:
    """Whether a port of the loopback leads to the page."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/f", timeout=2).text == "kept\n"
    except httpx.HTTPError:
        return False


def workload() -> list[dict[str, Any]]:
    """The objects of the page."""
    metadata, labels = {"name": "web", "namespace": NAMESPACE}, {"app": "web"}
    pod = {
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsUser": NOBODY, "runAsGroup": NOBODY, "runAsNonRoot": True},
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "web"}}],
        "containers": [
            {
                "name": "main",
                "image": system_references()["volume_helper"],
                "imagePullPolicy": "Never",
                "command": ["/bin/busybox", "sh", "-ec", SERVE],
                "ports": [{"containerPort": 8080, "name": "http"}],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "type": "NodePort",
                "selector": labels,
                "ports": [{"port": 80, "targetPort": "http", "nodePort": NODE_PORT}],
            },
        },
    ]
