"""Helm releases by the real helm: values, versions, failures and what becomes of them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from local.plugins.kubernetes.client import ApiError, Client
from local.plugins.kubernetes.provider import KubernetesProvider
from local.plugins.properties import SIGNATURE, UNKNOWN, Asset, Secret, plain
from local.plugins.server import Log
from local.tools.build import tool
from tests.engine.direct import Direct, FailedError, changes, urn

_RELEASE = urn("kubernetes:helm.sh/v3:Release")
_PASSWORD = "correct-horse-battery-staple"
_CONFIG_MAP = """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: {{ .Release.Name }}
    data:
      greeting: {{ required "greeting is required" .Values.greeting | quote }}
      fallback: {{ .Values.fallback | quote }}
      file: {{ .Values.file | quote }}
"""
_STUCK = """
    {{- if .Values.stuck }}
    apiVersion: batch/v1
    kind: Job
    metadata:
      name: {{ .Release.Name }}-stuck
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: registry.invalid/nothing:1
    {{- end }}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    metadata = {"apiVersion": "v2", "name": "greeter", "version": "1.2.3", "appVersion": "9.9"}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    (folder / "values.yaml").write_text("fallback: from the chart\nfile: ''\nstuck: false\n")
    (folder / "templates" / "config-map.yaml").write_text(dedent(_CONFIG_MAP))
    (folder / "templates" / "stuck.yaml").write_text(dedent(_STUCK))
    return folder


Helm = Callable[..., None]


@pytest.fixture
def helm(kubeconfig: Path, namespace: str) -> Helm:
    """helm as a person would call it."""

    def run(*arguments: str) -> None:
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        command = [str(tool("helm")), *arguments, "--namespace", namespace]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    return run


def _pretend_pending(cluster: Client, record: dict[str, Any]) -> None:
    """Rewrite a release record as a killed helm leaves it."""
    packed = base64.b64decode(base64.b64decode(record["data"]["release"]))
    release = json.loads(gzip.decompress(packed))
    release["info"]["status"] = "pending-upgrade"
    repacked = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
    operations = [
        {"op": "replace", "path": "/data/release", "value": repacked},
        {"op": "replace", "path": "/metadata/labels/status", "value": "pending-upgrade"},
    ]
    cluster.json_patch(record, operations)


def _inputs(chart: Path, name: str, **more: Any) -> dict[str, Any]:
    return {"chart": str(chart), "name": name, "values": {"greeting": "hello"}, **more}


def _data(cluster: Client, namespace: str, name: str) -> Any:
    return cluster.get("v1", "ConfigMap", namespace, name)["data"]


def test_checked_inputs_carry_the_whole_release(provider: Direct, chart: Path, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("greeting: from a file\nfile: from a file\nnested: {one: 1}\n")
    asset = Asset({SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": str(file)})
    values = {"greeting": Secret("hush"), "nested": {"two": None}}
    given = {"chart": str(chart), "values": values, "valueYamlFiles": [asset]}
    checked = provider.check(_RELEASE, given)
    assert checked["version"] == "1.2.3"
    assert checked["name"].startswith("it-")
    assert checked["timeout"] == 300
    assert checked["skipAwait"] is False
    assert checked["values"]["greeting"] == Secret("hush")
    assert plain(checked["values"]) == {"greeting": "hush", "file": "from a file", "nested": {"one": 1, "two": None}}
    assert "valueYamlFiles" not in checked
    assert provider.check(_RELEASE, given, checked, seed=b"other")["name"] == checked["name"]

    unknown = provider.check(_RELEASE, {**given, "values": {"greeting": UNKNOWN}})
    assert unknown["values"]["greeting"] is UNKNOWN
    with pytest.raises(FailedError, match=r"chart: .*nowhere"):
        provider.check(_RELEASE, {"chart": str(chart / "nowhere")})


def test_the_life_of_a_release(provider: Direct, cluster: Client, namespace: str, chart: Path) -> None:
    checked = provider.check(_RELEASE, _inputs(chart, "life", values={"greeting": Secret(_PASSWORD)}))
    preview_id, preview = provider.create(_RELEASE, checked, preview=True)
    assert preview_id == ""
    assert preview["status"] is UNKNOWN
    with pytest.raises(ApiError, match="not found"):
        cluster.get("v1", "ConfigMap", namespace, "life")

    identity, state = provider.create(_RELEASE, checked)
    assert identity == f"{namespace}/life"
    assert state["status"] == {
        "name": "life",
        "namespace": namespace,
        "revision": 1,
        "status": "deployed",
        "chart": "greeter",
        "version": "1.2.3",
        "appVersion": "9.9",
    }
    assert state["resourceNames"] == {"ConfigMap/v1": ["life"]}
    assert state["values"]["greeting"] == Secret(_PASSWORD)
    assert isinstance(state["__inputs"], Secret)
    assert _data(cluster, namespace, "life")["greeting"] == _PASSWORD
    assert not changes(provider.diff(_RELEASE, state, checked))

    changed = provider.check(_RELEASE, _inputs(chart, "life", values={"greeting": "bye", "fallback": "own"}), checked)
    assert set(changes(provider.diff(_RELEASE, state, changed))) == {"values.greeting", "values.fallback"}
    state = provider.update(_RELEASE, state, changed)
    assert state["status"]["revision"] == 2
    assert _data(cluster, namespace, "life") == {"greeting": "bye", "fallback": "own", "file": ""}

    fewer = provider.check(_RELEASE, _inputs(chart, "life", values={"greeting": "bye"}), changed)
    assert changes(provider.diff(_RELEASE, state, fewer)) == {"values.fallback": "DELETE"}
    state = provider.update(_RELEASE, state, fewer)
    assert _data(cluster, namespace, "life")["fallback"] == "from the chart"

    template = chart / "templates" / "config-map.yaml"
    template.write_text(template.read_text() + "  added: 'yes'\n")
    edited = provider.check(_RELEASE, _inputs(chart, "life", values={"greeting": "bye"}), fewer)
    assert list(changes(provider.diff(_RELEASE, state, edited))) == ["checksum"]
    state = provider.update(_RELEASE, state, edited)
    assert _data(cluster, namespace, "life")["added"] == "yes"

    moved = {**edited, "name": "elsewhere"}
    assert provider.diff(_RELEASE, state, moved).replaces == ["name"]
    read_id, read_state, read_inputs = provider.read(_RELEASE, identity, state, edited)
    assert (read_id, read_inputs) == (identity, edited)
    assert not changes(provider.diff(_RELEASE, read_state, edited))

    with pytest.raises(FailedError, match="cannot re-use a name that is still in use"):
        provider.create(_RELEASE, edited)
    _, imported, _ = provider.read(_RELEASE, identity)
    assert imported["status"]["revision"] == 4

    provider.delete(_RELEASE, identity, state)
    with pytest.raises(ApiError, match="not found"):
        cluster.get("v1", "ConfigMap", namespace, "life")
    assert provider.read(_RELEASE, identity, state, edited)[0] == ""
    provider.delete(_RELEASE, identity, state)


def test_values_changed_behind_our_back_are_put_right(
    provider: Direct, cluster: Client, namespace: str, chart: Path, helm: Helm
) -> None:
    checked = provider.check(_RELEASE, _inputs(chart, "drifted"))
    identity, state = provider.create(_RELEASE, checked)
    helm("upgrade", "drifted", str(chart), "--set", "greeting=changed by hand")
    _, seen, inputs = provider.read(_RELEASE, identity, state, checked)
    assert inputs == checked
    assert changes(provider.diff(_RELEASE, seen, checked)) == {"values.greeting": "UPDATE"}
    provider.update(_RELEASE, seen, checked)
    assert _data(cluster, namespace, "drifted")["greeting"] == "hello"


def test_a_failed_release_is_kept_explained_and_mended(
    provider: Direct, cluster: Client, namespace: str, chart: Path, helm: Helm
) -> None:
    values = {"greeting": Secret(_PASSWORD), "stuck": True}
    checked = provider.check(_RELEASE, _inputs(chart, "failing", values=values, waitForJobs=True, timeout=5))
    with pytest.raises(FailedError) as failed:
        provider.create(_RELEASE, checked)
    message = str(failed.value)
    assert f"Helm release {namespace}/failing failed" in message
    assert "ErrImagePull" in message or "ImagePullBackOff" in message
    assert _PASSWORD not in message
    assert failed.value.partial.id == f"{namespace}/failing"
    state = failed.value.state
    assert state["status"]["status"] == "failed"

    mended = provider.check(_RELEASE, _inputs(chart, "failing"), checked)
    state = provider.update(_RELEASE, state, mended)
    assert state["status"]["status"] == "deployed"

    # A helm that was killed leaves its revision pending, and every later helm refuses to go on.
    record = cluster.get("v1", "Secret", namespace, "sh.helm.release.v1.failing.v2")
    _pretend_pending(cluster, record)
    with pytest.raises(subprocess.CalledProcessError):
        helm("upgrade", "failing", str(chart), "--set", "greeting=x")
    again = provider.check(_RELEASE, _inputs(chart, "failing", values={"greeting": "again"}), mended)
    assert provider.update(_RELEASE, state, again)["status"]["status"] == "deployed"


def test_an_atomic_failure_leaves_nothing(provider: Direct, cluster: Client, namespace: str, chart: Path) -> None:
    values = {"greeting": "hello", "stuck": True}
    inputs = _inputs(chart, "atomic", values=values, waitForJobs=True, timeout=3, atomic=True)
    with pytest.raises(FailedError) as failed:
        provider.make(_RELEASE, inputs)
    assert failed.value.partial is None
    with pytest.raises(ApiError, match="not found"):
        cluster.get("v1", "ConfigMap", namespace, "atomic")


def test_a_template_that_fails_is_seen_in_the_preview(provider: Direct, chart: Path) -> None:
    checked = provider.check(_RELEASE, {"chart": str(chart), "name": "bad", "values": {"other": Secret(_PASSWORD)}})
    with pytest.raises(FailedError, match="greeting is required"):
        provider.create(_RELEASE, checked, preview=True)


def test_no_value_is_an_argument_or_a_file_for_others(
    kubeconfig: Path, namespace: str, chart: Path, tmp_path: Path
) -> None:
    """A helm that notes how it is called, in front of the real one."""
    notes = tmp_path / "notes"
    spy = tmp_path / "helm"
    spy.write_text(
        f'#!/bin/sh\necho "$@" >> {notes}\n'
        f'for a; do case "$a" in */values.json) stat -c "%a %n" "$a" $(dirname "$a") >> {notes};; esac; done\n'
        f'exec {tool("helm")} "$@"\n'
    )
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    config = {"kubernetes:config:kubeconfig": kubeconfig.read_text(), "kubernetes:config:namespace": namespace}
    direct = Direct(KubernetesProvider(Log("127.0.0.1:1"), str(spy), "0.0.0"), **config)
    direct.make(_RELEASE, _inputs(chart, "quiet", values={"greeting": Secret(_PASSWORD)}))
    direct.stop()
    noted = notes.read_text()
    assert _PASSWORD not in noted
    assert "600 /" in noted
    assert "700 /" in noted
