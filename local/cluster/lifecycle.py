"""Starting and stopping the cluster. Each step does only what is still to be done, so either may be interrupted."""

from __future__ import annotations

import fcntl
import shutil
import socket
import string
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from local.cluster import control_plane, firewall, images, node, pki, traces
from local.cluster.api import Api, Object, wait
from local.cluster.errors import ClusterError
from local.cluster.process import Process
from local.paths import STATE
from local.progress import step
from local.tools.build import tool

VOLUMES = STATE / "volumes"
TOOLS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kube-router",
    "pause",
    "coredns",
    "local-path-provisioner",
)
_LOCK = Path("/run/lock/label-studio-local")
_MANIFESTS = Path(__file__).parent / "manifests"
_SYSTEM_DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))
# What pods get between SIGTERM and SIGKILL, in seconds: databases close in about two.
_GRACE = 10.0


def processes() -> list[Process]:
    """All processes of the cluster, in the order of their start."""
    return [
        control_plane.etcd(),
        node.containerd(),
        control_plane.apiserver(),
        control_plane.controller_manager(),
        control_plane.scheduler(),
        node.kubelet(),
        node.kube_proxy(),
        node.kube_router(),
    ]


def start() -> None:
    """Start what does not run yet, and wait until pods are scheduled, resolve names and get volumes."""
    for name in TOOLS:
        tool(name)
    with alone(), step("Starting the cluster"):
        traces.record()
        pki.create_missing()
        control_plane.write_configuration()
        node.write_configuration()
        traces.prepare()
        with ThreadPoolExecutor(1) as pool:
            imported = pool.submit(_start_containerd)
            api = _start_control_plane()
            imported.result()
        _start_node(api)


def stop() -> None:
    """End every process and pod and take away what they left on the machine; data stays."""
    with alone(), step("Stopping the cluster"):
        node.kubelet().stop()
        if node.containerd().running:
            _end_pods()
        for process in reversed(processes()):
            process.stop()
        traces.remove()


def delete() -> None:
    """Delete everything that the stopped cluster kept: objects, volumes, images, certificates, logs."""
    with alone(), step("Deleting the cluster's data"):
        if any(process.running for process in processes()) or traces.mounts():
            raise ClusterError("the cluster still runs, nothing was deleted; stop it first (`make down`)")
        shutil.rmtree(STATE, ignore_errors=True)


@contextmanager
def alone() -> Iterator[None]:
    """One start or stop at a time; another one waits."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_containerd() -> None:
    containerd = node.containerd()
    containerd.start()
    wait("containerd to listen", partial(_listens, str(node.SOCKET)), 30, containerd.check)
    images.load_system_images()


def _start_control_plane() -> Api:
    etcd, apiserver = control_plane.etcd(), control_plane.apiserver()
    etcd.start()
    wait("etcd to listen", partial(_listens, ("127.0.0.1", 2379)), 30, etcd.check)
    apiserver.start()
    api = Api()
    wait("the API server to be ready", api.ready, 120, apiserver.check)
    control_plane.controller_manager().start()
    control_plane.scheduler().start()
    return api


def _start_node(api: Api) -> None:
    kubelet = node.kubelet()
    kubelet.start()
    node.kube_proxy().start()
    for name in ("small-requests", "kube-router", "coredns", "local-path-storage"):
        api.apply(_objects(name))
    # kube-router gives up at once on a node that is not registered or has no addresses for pods.
    wait("the node to get its addresses", api.node_has_addresses, 60, kubelet.check)
    node.kube_router().start()

    def check() -> None:
        for process in processes():
            process.check()

    wait("the node to be ready", api.node_ready, 120, check)
    wait("network policies to be enforced", firewall.enforces_policies, 60, check)
    for namespace, deployment in _SYSTEM_DEPLOYMENTS:
        wait(f"{namespace}/{deployment} to be available", partial(_serves, api, namespace, deployment), 120, check)


def _serves(api: Api, namespace: str, deployment: str) -> bool:
    """Whether a deployment is available now: after a restart the API still tells of the containers of last time."""
    return (
        api.available(namespace, deployment)
        and bool(running := api.containers(namespace))
        and (running <= set(images.running_tasks()))
    )


def _objects(name: str) -> list[Object]:
    text = string.Template((_MANIFESTS / f"{name}.yaml").read_text())
    filled = text.safe_substitute(images.system_references(), volumes=str(VOLUMES))
    return [each for each in yaml.safe_load_all(filled) if each]


def _end_pods() -> None:
    """Ask every container to end and kill what does not; containerd then cleans up after each."""
    deadline = time.monotonic() + _GRACE
    images.signal_tasks("SIGTERM")
    while images.running_tasks() and time.monotonic() < deadline:
        time.sleep(0.2)
    images.signal_tasks("SIGKILL")
    wait("containers to end", lambda: not images.running_tasks(), 20)


def _listens(address: str | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as client:
        return client.connect_ex(address) == 0
