"""Before an update, the real API server is asked about every object of a stack, and nothing is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kubernetes.ownership import STACK
from components.stack.api_server import connected
from components.stack.settings import validate_stack
from policies.checks.dry_run import resources_of
from scripts import server_check
from scripts.server_check import Answers
from tests.engine.cluster import Cluster
from tests.unit.stack_files import stack_config

Command = Callable[..., int]
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "4Gi"}}, "storageClassName": "slow"}


@pytest.fixture
def config(kubeconfig: Path, namespace: str) -> dict[str, Any]:
    context = yaml.safe_load(kubeconfig.read_text())["current-context"]
    cluster = {"namespace": namespace, "context": context, "kubeconfig": str(kubeconfig), "createNamespace": False}
    volume = {"persistence": {"type": "volume", "size": "2Gi"}}
    small = {"dumps": {"size": "1Gi"}}
    return stack_config("dev", {"cluster": cluster, "labelStudio": volume, "postgresql": small})


def ask(config: Mapping[str, Any]) -> Answers:
    cluster = validate_stack(config).cluster
    with connected(cluster) as server:
        assert server
        return server_check.check(server, cluster.namespace, config, resources_of("dev", config))


@pytest.fixture
def small_volumes(cluster: Cluster, namespace: str) -> Iterator[None]:
    limits = [{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]
    about = {"name": "small", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": about, "spec": {"limits": limits}})
    yield
    cluster.delete("v1", "LimitRange", namespace, "small")


def test_a_stack_that_the_server_takes_is_not_made(config: dict[str, Any], cluster: Cluster, namespace: str) -> None:
    assert ask(config) == Answers()
    assert not cluster.has("v1", "Service", namespace, "label-studio-redis")
    assert not cluster.has("v1", "PersistentVolumeClaim", namespace, "label-studio-ls-pvc")


@pytest.mark.usefixtures("small_volumes")
def test_what_an_admission_plugin_refuses_is_told_at_the_part_that_makes_it(config: dict[str, Any]) -> None:
    refusals = ask(config).refusals
    assert len(refusals) == 1
    assert refusals[0].startswith("labelStudio: the cluster refuses PersistentVolumeClaim label-studio-ls-pvc: ")
    assert "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi" in refusals[0]


def test_what_the_server_refuses_of_a_field_is_told_at_the_setting(config: dict[str, Any]) -> None:
    resources = resources_of("dev", config)
    service = next(each for each in resources if each.name == "label-studio-redis" and each.type.endswith("Service"))
    service.props["spec"]["ports"][0]["port"] = 70000
    config["label-studio:redis"]["port"] = 70000
    with connected(validate_stack({**config, "label-studio:redis": {"backend": "none"}}).cluster) as server:
        assert server
        namespace = config["label-studio:cluster"]["namespace"]
        refusals = server_check.check(server, namespace, config, [service]).refusals
    assert refusals[0].startswith("redis.port: the cluster refuses spec.ports[0].port of Service label-studio-redis: ")


@pytest.fixture
def command(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command; changes of the cluster's settings may be given."""

    def run(**cluster: str) -> int:
        config["label-studio:cluster"] |= cluster
        monkeypatch.setattr(server_check, "stack_config", lambda _stack: config)
        return server_check.main(["dev"])

    return run


def test_volumes_are_looked_at_first(
    command: Command, cluster: Cluster, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    about = {"name": "label-studio-ls-pvc", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": about, "spec": CLAIM})
    assert command() == 1
    cluster.delete("v1", "PersistentVolumeClaim", namespace, "label-studio-ls-pvc")
    assert "labelStudio.persistence.size: must be at least 4Gi, as a volume does not shrink" in capsys.readouterr().err


def test_objects_of_others_are_all_named_and_stay(
    command: Command, cluster: Cluster, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = {"ports": [{"port": 80}]}
    foreign: list[tuple[dict[str, Any], str, str]] = [
        ({"kind": "Service", "spec": spec}, "label-studio-postgresql", "postgresql"),
        ({"kind": "Service", "spec": spec}, "label-studio-ls-app", "labelStudio"),
        ({"kind": "Secret"}, "label-studio-redis", "redis"),
        ({"kind": "ConfigMap"}, "label-studio-settings", "labelStudio"),
    ]
    for item, name, _ in foreign:
        cluster.create({"apiVersion": "v1", "metadata": {"name": name, "namespace": namespace}, **item})
    assert command() == 1
    said = capsys.readouterr().err
    for item, name, section in foreign:
        assert f"{section}: {item['kind']} {name} of the namespace {namespace} does not belong to this stack" in said
        cluster.delete("v1", item["kind"], namespace, name)
    assert said.count("does not belong to this stack") == len(foreign)


def test_another_stack_in_the_namespace_is_named(
    command: Command, cluster: Cluster, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"app.kubernetes.io/part-of": "label-studio"}
    owner = {STACK: "label-studio/other"}
    about = {"name": "label-studio-settings", "namespace": namespace, "labels": labels, "annotations": owner}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about})
    assert command() == 1
    cluster.delete("v1", "ConfigMap", namespace, "label-studio-settings")
    said = capsys.readouterr().err
    assert f"must be another one than {namespace}, where the stack label-studio/other lives" in said


def test_a_namespace_that_is_not_there_is_not_asked_about(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(namespace="elsewhere") == 0
    assert "There is no namespace elsewhere yet" in capsys.readouterr().out


def test_credentials_that_may_not_write_are_enough(
    command: Command, reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(kubeconfig=str(reader)) == 0
    assert "These credentials may not write" in capsys.readouterr().out


@pytest.fixture
def reader(kubeconfig: Path, cluster: Cluster, namespace: str, tmp_path: Path) -> Path:
    """A kubeconfig of the same context for an account that may read."""
    about = {"name": "reader", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about})
    cluster.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{namespace}-reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", **about}],
        }
    )
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"] = [
        {"name": user["name"], "user": {"token": cluster.token(namespace, "reader")}} for user in content["users"]
    ]
    file = tmp_path / "read-only"
    file.write_text(yaml.safe_dump(content))
    return file
