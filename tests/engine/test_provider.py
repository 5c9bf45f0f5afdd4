"""Stacks with the plugins of the embedded platform, under the real CLI, against a real API server."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram

_FIRST = """
password = random.RandomPassword("password", length=20, special=False)
k8s.core.v1.Secret(
    "secret", metadata={"name": "fixed-secret"}, string_data={"password": password.result}, opts=on
)
k8s.core.v1.ConfigMap("fixed", metadata={"name": "fixed"}, data={"key": "one"}, opts=on)
auto = k8s.core.v1.ConfigMap("auto", data={"key": "one"}, opts=on)
k8s.core.v1.ServiceAccount("account", metadata={"name": "account", "labels": {"a": "1", "b": "2"}}, opts=on)
k8s.core.v1.Service(
    "service", metadata={"name": "service"}, spec={"cluster_ip": "None", "ports": [{"port": 80}]}, opts=on
)
template = {
    "metadata": {"labels": {"app": "idle"}},
    "spec": {
        "tolerations": [],
        "containers": [
            {
                "name": "idle",
                "image": "example.invalid/idle",
                "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"memory": "2.0Gi"}},
            }
        ],
    },
}
workload = {"replicas": 0, "selector": {"match_labels": {"app": "idle"}}, "template": template}
k8s.apps.v1.Deployment("deployment", metadata={"name": "idle"}, spec=workload, opts=on)
k8s.apps.v1.StatefulSet("stateful", metadata={"name": "idle"}, spec={**workload, "service_name": "one"}, opts=on)
release = k8s.helm.v3.Release(
    "release",
    k8s.helm.v3.ReleaseArgs(chart="CHART", name="greeter", values={"greeting": password.result, "other": "one"}),
    opts=on,
)
pulumi.export("auto", auto.metadata["name"])
pulumi.export("password", password.result)
pulumi.export("release", release.status["status"])
"""
_SECOND = (
    _FIRST.replace('"key": "one"', '"key": "two"')
    .replace('"labels": {"a": "1", "b": "2"}', '"labels": {"a": "1"}')
    .replace('"memory": "1024Mi"', '"memory": "1Gi"')
    .replace('{"port": 80}', '{"port": 81}')
    .replace('"service_name": "one"', '"service_name": "two"')
    .replace('"other": "one"', '"other": "two"')
)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: greeter\nversion: 1.0.0\n")
    (folder / "templates" / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeter}\n"
        "data: {greeting: '{{ .Values.greeting }}', other: '{{ .Values.other }}'}\n"
    )
    return folder


def test_the_life_of_a_stack(new_program: NewProgram, cluster: Cluster, namespace: str, chart: Path) -> None:
    first, second = (source.replace("CHART", str(chart)) for source in (_FIRST, _SECOND))
    program = new_program()
    assert set(program.preview(first).changed.values()) == {"create"}
    assert not cluster.has("v1", "Secret", namespace, "fixed-secret")

    program.up()
    outputs = program.outputs()
    password = outputs["password"]
    assert outputs["auto"].startswith("auto-")
    assert outputs["release"] == "deployed"
    stored = cluster.get("v1", "Secret", namespace, "fixed-secret")["data"]["password"]
    assert base64.b64decode(stored).decode() == password
    assert cluster.get("v1", "ConfigMap", namespace, "greeter")["data"]["greeting"] == password
    exported = program.exported()
    assert password not in exported
    assert stored not in exported

    assert program.refresh("--expect-no-changes").changed == {}
    assert program.up(None, "--expect-no-changes").changed == {}

    changed = program.up(second)
    assert changed.operations("fixed") == ["delete-replaced", "replace", "create-replacement"]
    assert changed.operations("auto")[0] == "create-replacement"
    assert changed.operations("stateful")[0] == "delete-replaced"
    assert {changed.steps[name] for name in ("account", "service", "release")} == {"update"}
    assert {changed.steps[name] for name in ("secret", "deployment", "password")} == {"same"}
    assert password not in changed.output
    assert cluster.get("v1", "ServiceAccount", namespace, "account")["metadata"]["labels"] == {"a": "1"}
    assert cluster.get("apps/v1", "StatefulSet", namespace, "idle")["spec"]["serviceName"] == "two"
    assert not cluster.has("v1", "ConfigMap", namespace, outputs["auto"])

    program.destroy()
    for kind, name in (("Secret", "fixed-secret"), ("ConfigMap", "fixed"), ("ConfigMap", "greeter")):
        assert not cluster.has("v1", kind, namespace, name)


_MANIFESTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: written-out}
data: {key: value}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: listed}, stringData: {key: value}}
  - {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed}, spec: {podSelector: {}}}
"""


def test_manifests_are_resources_of_their_kinds(new_program: NewProgram, cluster: Cluster, namespace: str) -> None:
    """The provider that is built here knows no types of the Go SDK, whose names these are."""
    program = new_program()
    program.up(f"k8s.yaml.v2.ConfigGroup('group', yaml={_MANIFESTS!r}, opts=on)")
    kinds = {resource["type"] for resource in program.state().values() if resource["type"].startswith("kubernetes:")}
    assert kinds == {
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:Secret",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    }
    assert cluster.get("v1", "ConfigMap", namespace, "written-out")["data"] == {"key": "value"}
    assert program.up(None, "--expect-no-changes").changed == {}
    program.destroy()
    assert not cluster.has("v1", "Secret", namespace, "listed")


# The state of what did not become ready travels in a gRPC header: a large one must come through too.
_TAKEN = """
k8s.core.v1.ConfigMap("taken", metadata={"name": "taken"}, data={"key": "value"}, opts=OPTIONS)
failing = k8s.apps.v1.Deployment(
    "failing",
    metadata={"name": "failing", "annotations": {"pulumi.com/timeoutSeconds": "SECONDS", "large": "x" * 100000}},
    spec={
        "replicas": REPLICAS,
        "selector": {"match_labels": {"app": "failing"}},
        "template": {
            "metadata": {"labels": {"app": "failing"}},
            "spec": {"containers": [{"name": "main", "image": "registry.invalid/nothing:1"}]},
        },
    },
    opts=on,
)
"""


def test_what_exists_is_imported_and_what_failed_is_mended(
    new_program: NewProgram, cluster: Cluster, namespace: str
) -> None:
    metadata = {"name": "taken", "namespace": namespace}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}}
    cluster.create(manifest)
    source = _TAKEN.replace("SECONDS", "5")
    program = new_program()
    # Without `import_` the provider 4.25 would take the object over in silence, which newer ones refuse.
    imported = f'pulumi.ResourceOptions(provider=cluster, import_="{namespace}/taken")'
    failed = program.up(
        source.replace("OPTIONS", imported).replace("REPLICAS", "1"), "--continue-on-error", check=False
    )
    assert failed.status != 0
    assert failed.steps["taken"] == "import"
    assert "ErrImagePull" in failed.output or "ImagePullBackOff" in failed.output
    assert program.state()["failing"]["initErrors"]

    mended = program.up(source.replace("OPTIONS", "on").replace("REPLICAS", "0"))
    assert mended.steps["failing"] == "update"
    assert "initErrors" not in program.state()["failing"]

    # Drift: one object changed, another one gone.
    cluster.merge({**manifest, "data": {"key": "changed"}})
    cluster.delete("apps/v1", "Deployment", namespace, "failing")
    repaired = program.up(source.replace("OPTIONS", "on").replace("REPLICAS", "0"), "--refresh")
    assert repaired.steps["failing"] == "create"
    assert "replace" in repaired.operations("taken")
    assert cluster.get("v1", "ConfigMap", namespace, "taken")["data"] == {"key": "value"}
    program.destroy()
