"""Starting and stopping: nothing stays behind, data stays, and an interruption does no harm.

These tests stop the machine's cluster and start it again; whatever ran on it comes back.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.cluster import lifecycle
from local.cluster.api import Api, wait
from local.cluster.images import system_references
from local.paths import PROJECT
from tests.platform.listing import machine

NAMESPACE = "lifecycle-test"
NODE_PORT = 30077
OURS = ("KUBE-", "CNI-", "kube-router", "198.18.", "198.19.", "label-studio")

Listing = dict[str, list[str]]


@pytest.fixture(scope="module", autouse=True)
def running_again() -> Iterator[None]:
    """Leave the cluster as it was found, running, without this test's namespace."""
    yield
    lifecycle.start()
    Api().delete([namespace()])


@pytest.fixture(scope="module")
def stopped() -> Listing:
    """The machine with its cluster stopped."""
    lifecycle.stop()
    return machine()


def namespace() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def workload() -> list[dict[str, Any]]:
    """Something of everything that leaves traces: a volume, a node port, a host port, a policy, a tmpfs."""
    metadata = {"name": "web", "namespace": NAMESPACE}
    labels = {"app": "web"}
    script = "test -e /data/index.html || echo kept > /data/index.html; exec /bin/busybox httpd -f -p 8080 -h /data"
    container = {
        "name": "main",
        "image": system_references()["volume_helper"],
        "imagePullPolicy": "Never",
        "command": ["/bin/busybox", "sh", "-c", script],
        "ports": [{"containerPort": 8080, "hostPort": 30078, "hostIP": "127.0.0.1"}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "memory", "mountPath": "/memory"}],
    }
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "web"}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
    ]
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], "volumes": volumes},
    }
    return [
        namespace(),
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
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "type": "NodePort",
                "selector": labels,
                "ports": [{"port": 80, "targetPort": 8080, "nodePort": NODE_PORT}],
            },
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": metadata,
            "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"]},
        },
    ]


def serves() -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{NODE_PORT}", timeout=1).text == "kept\n"
    return False


def interrupted(command: str, seconds: float) -> None:
    """Run a command of the platform and kill it, as a closed laptop or a power switch might."""
    process = subprocess.Popen([sys.executable, "-m", "local", "cluster", command], cwd=PROJECT, start_new_session=True)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def differences(before: Listing, after: Listing) -> dict[str, list[str]]:
    """What came (+) and what went (-), by kind."""
    changes = {
        kind: [
            *(f"+ {each}" for each in set(after[kind]) - set(before[kind])),
            *(f"- {each}" for each in set(before[kind]) - set(after[kind])),
        ]
        for kind in before
    }
    return {kind: found for kind, found in changes.items() if found}


def test_a_stopped_cluster_leaves_nothing(stopped: Listing) -> None:
    for kind in ("processes", "mounts", "cgroups"):
        assert not stopped[kind]
    for kind in ("links", "addresses", "routes", "iptables", "ip6tables", "sets"):
        assert not [line for line in stopped[kind] if any(mark in line for mark in OURS)], kind


def test_after_work_the_machine_is_as_before(stopped: Listing) -> None:
    lifecycle.start()
    api = Api()
    api.apply(workload())
    wait("the test's page", serves, 60)
    used = differences(stopped, machine())
    assert {"processes", "mounts", "links", "addresses", "routes", "iptables", "sets", "cgroups", "sysctls"} <= set(
        used
    )
    lifecycle.stop()
    assert differences(stopped, machine()) == {}


def test_a_second_stop_changes_nothing(stopped: Listing) -> None:
    lifecycle.stop()
    assert differences(stopped, machine()) == {}


@pytest.mark.parametrize("seconds", [1.5, 3.0, 6.0])
def test_an_interrupted_start_resumes_with_its_data(stopped: Listing, seconds: float) -> None:
    interrupted("start", seconds)
    lifecycle.start()
    wait("the test's page", serves, 60)


def test_an_interrupted_stop_resumes(stopped: Listing) -> None:
    lifecycle.start()
    interrupted("stop", 2.0)
    lifecycle.stop()
    assert differences(stopped, machine()) == {}


def test_a_process_that_died_comes_back(stopped: Listing) -> None:
    lifecycle.start()
    scheduler = next(process for process in lifecycle.processes() if process.name == "kube-scheduler")
    before = scheduler.running
    scheduler.stop()
    lifecycle.start()
    assert scheduler.running
    assert scheduler.running != before
