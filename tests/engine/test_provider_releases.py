"""Helm releases by the provider: what is seen, what fails and what becomes of it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from local.tools.build import tool
from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.program import Program

_PASSWORD = "correct-horse-battery-staple"
_CONFIG_MAP = """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: {{ .Release.Name }}
    data:
      greeting: {{ required "greeting is required" .Values.greeting | quote }}
      fallback: {{ .Values.fallback | quote }}
"""
_STUCK = """
    {{- if .Values.stuck }}
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: {{ .Release.Name }}-stuck
    spec:
      selector: {matchLabels: {app: stuck}}
      template:
        metadata: {labels: {app: stuck}}
        spec:
          containers:
            - name: main
              image: registry.invalid/nothing:1
    {{- end }}
"""
_SOURCE = """
k8s.helm.v3.Release(
    "release",
    k8s.helm.v3.ReleaseArgs(
        chart=CHART, name="greeter", timeout=TIMEOUT, atomic=ATOMIC, allow_null_values=True, values=VALUES
    ),
    opts=on,
)
"""

Helm = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    metadata = {"apiVersion": "v2", "name": "greeter", "version": "1.2.3", "appVersion": "9.9"}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    (folder / "values.yaml").write_text("fallback: from the chart\nstuck: false\n")
    (folder / "templates" / "config-map.yaml").write_text(dedent(_CONFIG_MAP))
    (folder / "templates" / "stuck.yaml").write_text(dedent(_STUCK))
    return folder


@pytest.fixture
def helm(kubeconfig: Path, namespace: str) -> Helm:
    """helm as a person would call it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        command = [str(tool("helm")), *arguments, "--namespace", namespace]
        return subprocess.run(command, env=environment, check=True, capture_output=True)

    return run


@pytest.fixture
def program(new_program: NewProgram) -> Iterator[Program]:
    program = new_program()
    yield program
    program.cli("destroy", "--yes", "--skip-preview", check=False)


def source(chart: Path, values: str = '{"greeting": "hello"}', timeout: int = 60, atomic: bool = False) -> str:
    filled = _SOURCE.replace("CHART", repr(str(chart))).replace("VALUES", values)
    return filled.replace("TIMEOUT", str(timeout)).replace("ATOMIC", str(atomic))


def data(cluster: Cluster, namespace: str) -> Any:
    return cluster.get("v1", "ConfigMap", namespace, "greeter")["data"]


def test_values_that_are_removed_or_changed_by_hand_are_put_right(
    program: Program, cluster: Cluster, namespace: str, chart: Path, helm: Helm
) -> None:
    program.up(source(chart, '{"greeting": "hello", "fallback": "own"}'))
    assert data(cluster, namespace) == {"greeting": "hello", "fallback": "own"}
    assert program.state()["release"]["outputs"]["resourceNames"] == {"ConfigMap/v1": ["greeter"]}
    program.up(source(chart))
    assert data(cluster, namespace) == {"greeting": "hello", "fallback": "from the chart"}

    helm("upgrade", "greeter", str(chart), "--set", "greeting=by hand")
    program.refresh()
    assert program.up().changed == {"release": "update"}
    assert data(cluster, namespace)["greeting"] == "hello"


def test_a_failed_release_is_kept_and_put_right(
    program: Program, cluster: Cluster, namespace: str, chart: Path, helm: Helm
) -> None:
    values = f'{{"greeting": pulumi.Output.secret("{_PASSWORD}"), "stuck": True}}'
    failed = program.up(source(chart, values, timeout=5), check=False)
    assert failed.status != 0
    assert "greeter" in failed.output
    assert _PASSWORD not in failed.output
    assert _PASSWORD not in program.exported()
    assert json.loads(helm("status", "greeter", "--output=json").stdout)["info"]["status"] == "failed"
    assert program.up(source(chart)).steps["release"] == "update"
    assert data(cluster, namespace)["greeting"] == "hello"


def test_an_atomic_failure_leaves_nothing(program: Program, cluster: Cluster, namespace: str, chart: Path) -> None:
    failed = program.up(source(chart, '{"greeting": "hello", "stuck": True}', timeout=5, atomic=True), check=False)
    assert failed.status != 0
    assert not cluster.has("v1", "ConfigMap", namespace, "greeter")
    assert program.up(source(chart)).status == 0


def test_a_template_that_fails_says_why(program: Program, chart: Path) -> None:
    failed = program.up(source(chart, "{}"), check=False)
    assert failed.status != 0
    assert "greeting is required" in failed.output


def pretend_pending(cluster: Cluster, record: dict[str, Any]) -> None:
    """Rewrite a release record as a killed helm leaves it."""
    release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(record["data"]["release"]))))
    release["info"]["status"] = "pending-upgrade"
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
    metadata = {key: record["metadata"][key] for key in ("name", "namespace")}
    changed = {"metadata": {**metadata, "labels": {"status": "pending-upgrade"}}, "data": {"release": packed}}
    cluster.merge({"apiVersion": "v1", "kind": "Secret", **changed})


def test_a_revision_left_pending_refuses_the_next_one(
    program: Program, cluster: Cluster, namespace: str, chart: Path
) -> None:
    """Which is why the embedded platform removes it before an update: helm's own refusal, told by the provider."""
    program.up(source(chart))
    pretend_pending(cluster, cluster.get("v1", "Secret", namespace, "sh.helm.release.v1.greeter.v1"))
    failed = program.up(source(chart, '{"greeting": "again"}'), check=False)
    assert failed.status != 0
    assert "another operation (install/upgrade/rollback) is in progress" in failed.output
    cluster.delete("v1", "Secret", namespace, "sh.helm.release.v1.greeter.v1")
    cluster.delete("v1", "ConfigMap", namespace, "greeter")
