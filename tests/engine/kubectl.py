"""The real client, and small pods to look at a cluster with."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cluster.images import system_references
from local.paths import CONTEXT
from local.tools.build import tool

# Debian's busybox, which every embedded cluster has.
SHELL = system_references()["volume_helper"]


@dataclass(frozen=True)
class Kubectl:
    """What a person would use, in one namespace."""

    kubeconfig: Path
    namespace: str

    def __call__(self, *arguments: str, given: object = None) -> str:
        """What a command prints."""
        flags = ["--kubeconfig", str(self.kubeconfig), "--context", CONTEXT, "--namespace", self.namespace]
        finished = subprocess.run(
            [tool("kubectl"), *flags, *arguments],
            input=json.dumps(given) if given is not None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Make objects, or change them."""
        self("apply", "--server-side", "--force-conflicts", "-f", "-", given=listed(*objects))

    def run(self, *pods: Mapping[str, Any]) -> None:
        """Make pods, and wait until they are ready."""
        self.apply(*pods)
        self("wait", *(f"pod/{pod['metadata']['name']}" for pod in pods), "--for=condition=Ready", "--timeout=90s")

    def address(self, pod: str) -> str:
        """The address of a pod."""
        return self("get", f"pod/{pod}", "-o", "jsonpath={.status.podIP}")

    def reached(self, pod: str, addresses: Iterable[str]) -> set[str]:
        """Those of ``address:port`` from which a pod gets an answer within two seconds, asked all at once."""
        wget = "/bin/busybox timeout 2 /bin/busybox wget -q -O /dev/null http://{0} && echo {0} &"
        script = "\n".join([*(wget.format(address) for address in addresses), "wait"])
        return set(self("exec", pod, "--", "/bin/busybox", "sh", "-c", script).split())


def listed(*objects: Mapping[str, Any]) -> dict[str, Any]:
    """Several objects as one."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def server(name: str, *ports: int, **labels: str) -> dict[str, Any]:
    """A pod that answers on these ports."""
    listeners = "; ".join(f"/bin/busybox httpd -p {port} -h /tmp" for port in ports)
    return pod(name, f"mkdir -p /tmp; echo ok > /tmp/index.html; {listeners}; exec /bin/busybox sleep 3600", **labels)


def pod(name: str, script: str, **labels: str) -> dict[str, Any]:
    """A pod that runs a script."""
    command = ["/bin/busybox", "sh", "-c", script]
    container = {"name": "main", "image": SHELL, "imagePullPolicy": "Never", "command": command}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def eventually(expected: object, ask: Callable[[], object], seconds: float = 30) -> None:
    """Rules follow a change of policies or addresses within a moment."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) != expected:
        assert time.monotonic() < deadline, f"{answer} instead of {expected}"
        time.sleep(0.3)
