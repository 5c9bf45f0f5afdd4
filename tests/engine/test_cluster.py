"""The embedded cluster does what a real one does: volumes, names, services, logs and exec, policies, certificates."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.cluster import lifecycle
from local.cluster.images import system_references
from local.paths import CONTEXT
from local.tools.build import tool

SHELL = system_references()["volume_helper"]
Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def kubectl(kubeconfig: Path, namespace: str) -> Kubectl:
    """The real client in the test's namespace: what a person would use."""

    def run(*arguments: str, given: object = None, fails: bool = False) -> str:
        finished = subprocess.run(
            [tool("kubectl"), "--kubeconfig", kubeconfig, "--context", CONTEXT, "--namespace", namespace, *arguments],
            input=json.dumps(given) if given is not None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (finished.returncode != 0) is fails, finished.stderr
        return finished.stderr if fails else finished.stdout.strip()

    return run


def pod(name: str, script: str, **more: Any) -> dict[str, Any]:
    """A pod of the one image that every cluster has: Debian's busybox."""
    container = {
        "name": "main",
        "image": SHELL,
        "imagePullPolicy": "Never",
        "command": ["/bin/busybox", "sh", "-c", script],
        **more.pop("container", {}),
    }
    metadata = {"name": name, "labels": {"app": name}}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container], **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def server(kubectl: Kubectl) -> str:
    """A web server on a volume, behind a node port; returns its address on this machine."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    running = pod(
        "server",
        "echo served > /data/index.html; echo started; exec /bin/busybox httpd -f -p 8080 -h /data",
        container={
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "securityContext": {"runAsUser": 1001, "runAsNonRoot": True},
            "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        },
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server"},
        "spec": {"type": "NodePort", "selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    for item in (claim, running, service):
        kubectl("apply", "-f", "-", given=item)
    kubectl("wait", "pod/server", "--for=condition=Ready", "--timeout=60s")
    return f"127.0.0.1:{kubectl('get', 'service/server', '-o', 'jsonpath={.spec.ports[0].nodePort}')}"


def fetch(kubectl: Kubectl, name: str, address: str = "server") -> str:
    """What a pod gets from the server within two seconds, or "refused"."""
    return kubectl("exec", name, "--", "/bin/busybox", "sh", "-c", f"{WGET} http://{address} || echo refused")


def visit(address: str) -> str:
    """What this machine gets from an address, or why not."""
    try:
        return httpx.get(f"http://{address}", timeout=5).text
    except httpx.HTTPError as error:
        return str(error)


WGET = "/bin/busybox timeout 2 /bin/busybox wget -q -O -"


def eventually(expected: str, ask: Callable[[], str], seconds: float = 20) -> None:
    """Rules follow a change of policies or addresses within a moment."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) != expected:
        assert time.monotonic() < deadline, f"{answer!r} instead of {expected!r}"
        time.sleep(0.3)


def test_a_second_start_is_quick_and_changes_nothing(kubeconfig: Path) -> None:
    before = {process.name: process.running for process in lifecycle.processes()}
    assert all(before.values()), before
    began = time.monotonic()
    lifecycle.start()
    assert time.monotonic() - began < 5
    assert {process.name: process.running for process in lifecycle.processes()} == before


def test_a_node_port_answers_on_loopback_and_nowhere_else(server: str, kubectl: Kubectl) -> None:
    eventually("served\n", partial(visit, server))
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    others = [each for each in addresses if ":" not in each and not each.startswith("198.1")]
    for address in others:
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://{address}:{server.rpartition(':')[2]}", timeout=2)


def test_the_volume_is_a_directory_that_goes_with_its_claim(server: str, kubectl: Kubectl, namespace: str) -> None:
    volume = kubectl("get", "pvc/data", "-o", "jsonpath={.spec.volumeName}")
    folder = next(lifecycle.VOLUMES.glob(f"{volume}_{namespace}_data"))
    assert (folder / "index.html").read_text() == "served\n"
    kubectl("get", "storageclass", "local-path")
    default = "{.items[0].metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class}"
    assert kubectl("get", "storageclass", "-o", f"jsonpath={default}") == "true"


def test_logs_and_exec_reach_the_pod(server: str, kubectl: Kubectl) -> None:
    assert kubectl("logs", "server") == "started"
    assert kubectl("exec", "server", "--", "/bin/busybox", "id", "-u") == "1001"


def test_names_resolve_in_and_beyond_the_namespace(server: str, kubectl: Kubectl, namespace: str) -> None:
    kubectl("apply", "-f", "-", given=pod("client", "exec /bin/busybox sleep 3600"))
    kubectl("wait", "pod/client", "--for=condition=Ready", "--timeout=60s")
    for address in ("server", f"server.{namespace}", f"server.{namespace}.svc.cluster.local"):
        eventually("served", partial(fetch, kubectl, "client", address))


def test_network_policies_are_enforced(server: str, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=pod("client", "exec /bin/busybox sleep 3600"))
    kubectl("apply", "-f", "-", given=pod("stranger", "exec /bin/busybox sleep 3600"))
    kubectl("wait", "pod/client", "pod/stranger", "--for=condition=Ready", "--timeout=60s")
    eventually("served", lambda: fetch(kubectl, "stranger"))
    kubectl("apply", "-f", "-", given=policy("only-client", "server", ingress=["client"]))
    eventually("refused", lambda: fetch(kubectl, "stranger"))
    eventually("served", lambda: fetch(kubectl, "client"))
    kubectl("apply", "-f", "-", given=policy("nowhere", "client", egress=[]))
    eventually("refused", lambda: fetch(kubectl, "client"))
    kubectl("delete", "networkpolicy", "only-client", "nowhere")
    eventually("served", lambda: fetch(kubectl, "stranger"))
    eventually("served", lambda: fetch(kubectl, "client"))


def policy(name: str, of: str, **directions: list[str]) -> dict[str, Any]:
    """A policy that lets only the named pods in or out."""
    rules: dict[str, Any] = {}
    for direction, peers in directions.items():
        side = "from" if direction == "ingress" else "to"
        rules[direction] = [{side: [{"podSelector": {"matchLabels": {"app": peer}}}]} for peer in peers]
    spec = {
        "podSelector": {"matchLabels": {"app": of}},
        "policyTypes": [each.capitalize() for each in directions],
        **rules,
    }
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_restricted_namespaces_refuse_what_they_should(kubectl: Kubectl, namespace: str) -> None:
    level = "pod-security.kubernetes.io/enforce"
    kubectl("label", "namespace", namespace, f"{level}=restricted", "--overwrite")
    refusal = kubectl("apply", "-f", "-", given=pod("root", "exit 0"), fails=True)
    kubectl("label", "namespace", namespace, f"{level}-")
    assert 'violates PodSecurity "restricted:latest"' in refusal


def test_a_memory_limit_is_real(kubectl: Kubectl) -> None:
    greedy = pod("greedy", "exec /bin/busybox tail /dev/zero", restartPolicy="Never")
    greedy["spec"]["containers"][0]["resources"] = {"limits": {"memory": "32Mi"}}
    kubectl("apply", "-f", "-", given=greedy)
    reason = "jsonpath={.status.containerStatuses[0].state.terminated.reason}"
    eventually("OOMKilled", lambda: kubectl("get", "pod/greedy", "-o", reason), seconds=60)


def test_certificate_requests_are_signed(kubectl: Kubectl, namespace: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    given = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": namespace},
        "spec": {
            "request": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
    kubectl("apply", "-f", "-", given=given)
    kubectl("certificate", "approve", namespace)
    certificate = "jsonpath={.status.certificate}"
    deadline = time.monotonic() + 20
    while not (signed := kubectl("get", "csr", namespace, "-o", certificate)):
        assert time.monotonic() < deadline, "not signed"
        time.sleep(0.2)
    kubectl("delete", "csr", namespace)
    assert x509.load_pem_x509_certificate(base64.b64decode(signed)).subject == subject
