"""Which workloads `make restart` starts again, by an API server that remembers what it was asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli import restart as command
from cli.errors import ProjectError

PAGE, WORKER, REDIS = ("Deployment", "page"), ("Deployment", "worker"), ("StatefulSet", "redis")


def metadata(owner: tuple[str, str] | None, **labels: str) -> SimpleNamespace:
    owners = [SimpleNamespace(kind=owner[0], name=owner[1])] if owner else []
    return SimpleNamespace(labels=labels, owner_references=owners, generation=1)


class Cluster:
    """Both APIs at once: every workload has one pod, which is ready."""

    def __init__(self) -> None:
        self.patched: list[str] = []

    def list_namespaced_pod(self, _: str, label_selector: str) -> Any:
        assert label_selector == "app.kubernetes.io/part-of=label-studio"
        name, component = "app.kubernetes.io/name", "app.kubernetes.io/component"
        found = [
            metadata(("ReplicaSet", "page-1"), **{name: "ls-app"}),
            metadata(("ReplicaSet", "worker-1"), **{name: "ls-worker", component: "ls-worker"}),
            metadata(REDIS, **{name: "redis", component: "redis"}),
            metadata(("Job", "redis-setup"), **{name: "redis", component: "redis"}),
        ]
        return SimpleNamespace(items=[SimpleNamespace(metadata=each) for each in found])

    def read_namespaced_replica_set(self, name: str, _: str) -> Any:
        return SimpleNamespace(metadata=metadata(("Deployment", name.removesuffix("-1"))))

    def __getattr__(self, name: str) -> Any:
        verb, _, kind = name.partition("_namespaced_")
        return lambda workload, *_: self._answer(verb, kind, workload)

    def _answer(self, verb: str, kind: str, workload: str) -> Any:
        if verb == "patch":
            self.patched.append(f"{kind} {workload}")
        status = SimpleNamespace(observed_generation=1, replicas=1, updated_replicas=1, ready_replicas=1)
        return SimpleNamespace(metadata=metadata(None), spec=SimpleNamespace(replicas=1), status=status)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster()
    for api in ("CoreV1Api", "AppsV1Api"):
        monkeypatch.setattr(f"kubernetes.client.{api}", lambda _: found)
    return found


def test_page_and_workers_start_again_and_no_server(cluster: Cluster) -> None:
    restarted = command.restart(None, "ls")
    assert [(each.kind, each.name) for each in restarted] == [PAGE, WORKER]
    assert cluster.patched == ["deployment page", "deployment worker"]


def test_a_server_starts_again_only_if_it_is_named(cluster: Cluster) -> None:
    command.restart(None, "ls", ["redis"])
    assert cluster.patched == ["stateful_set redis"]


def test_a_part_that_is_not_there_is_refused(cluster: Cluster) -> None:
    with pytest.raises(ProjectError, match="there are no pods of pages in namespace ls"):
        command.restart(None, "ls", ["pages"])
