"""A namespace that is there already: pods of others stay reachable, and nothing of theirs goes with the stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.kubectl import Kubectl, eventually, pod, server
from tests.engine.program import PROJECT

OURS = {"app.kubernetes.io/part-of": "label-studio"}
# The namespace of a stack alone; its policies are what cuts pods off.
SOURCE = """
from components.namespace import Namespace
from components.stack.cluster import ClusterSettings

settings = ClusterSettings(environment="dev", context="unused", namespace=namespace, create_namespace=False)
Namespace("label-studio", settings, pulumi.ResourceOptions(providers=[cluster]))
"""


@pytest.fixture
def kubectl(kubeconfig: Path, namespace: str) -> Kubectl:
    here = Kubectl(kubeconfig, namespace)
    here.run(
        pod("client", "exec /bin/busybox sleep 3600", app="client"),
        server("server", 8080, app="server"),
        server("database", 8080, **OURS),
    )
    return here


def test_pods_of_others_work_on_and_stay(
    new_program: NewProgram, kubectl: Kubectl, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    theirs, ours = (f"{kubectl.address(name)}:8080" for name in ("server", "database"))

    def reached() -> set[str]:
        return kubectl.reached("client", [theirs, ours])

    assert reached() == {theirs, ours}
    program = new_program()
    program.up(SOURCE)
    eventually({theirs}, reached)
    program.destroy()
    eventually({theirs, ours}, reached)
    assert cluster.has("v1", "Namespace", "", namespace) and cluster.has("v1", "Pod", namespace, "server")
    assert not cluster.has("networking.k8s.io/v1", "NetworkPolicy", namespace, "label-studio-default-deny")
