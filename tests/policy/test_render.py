"""Charts are rendered in every way in which a cluster might ask for them, and once for each."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local.tools.build import tool
from policies.checks import helm as helms
from policies.checks.render import rendering_of
from policies.checks.resources import Resource
from tests.policy.judge import PROVIDER, of_resources
from tests.policy.support import RELEASE

GUARDS = {
    "an API": '{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}\n%s\n{{- end }}',
    "no API": '{{- if not (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") }}\n%s\n{{- end }}',
    "an upgrade": "{{- if .Release.IsUpgrade }}\n%s\n{{- end }}",
    "an upgrade with an API": (
        '{{- if .Release.IsUpgrade }}{{- if .Capabilities.APIVersions.Has "example.com/v1" }}\n%s\n{{- end }}{{- end }}'
    ),
    "an old version": '{{- if semverCompare "<1.26-0" .Capabilities.KubeVersion.Version }}\n%s\n{{- end }}',
    "a new version": '{{- if semverCompare ">=1.36-0" .Capabilities.KubeVersion.Version }}\n%s\n{{- end }}',
    "one version": '{{- if eq .Capabilities.KubeVersion.Minor "31" }}\n%s\n{{- end }}\n# 1.31',
    "a hook": "%s\n",
    "a list": "apiVersion: v1\nkind: List\nitems:\n- %s\n",
}
OPEN = (
    "{apiVersion: v1, kind: Service, metadata: {name: open, annotations: {helm.sh/hook: post-install}}, "
    "spec: {type: NodePort, ports: [{port: 80}]}}"
)


@pytest.fixture(autouse=True)
def helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", str(tool("helm")))


def chart(folder: Path, template: str, name: str = "other") -> Path:
    made = folder / name
    (made / "templates").mkdir(parents=True)
    (made / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
    (made / "templates" / "all.yaml").write_text(template)
    return made


def release(chart: Path, kind: str = RELEASE, **props: Any) -> Resource:
    inputs = {"name": "it", "namespace": "label-studio", "chart": str(chart), "values": {}, **props}
    return Resource(kind, "it", inputs, "urn:pulumi:prod::p::t::it", True, PROVIDER)


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS.keys())
@pytest.mark.parametrize("kind", [RELEASE, "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"])
def test_nothing_hides_behind_a_capability(guard: str, kind: str, tmp_path: Path) -> None:
    found = of_resources([release(chart(tmp_path, guard % OPEN), kind)])
    assert any("Service open: spec.type opens it without TLS" in message for message in found), found
    closed = OPEN.replace("NodePort", "ClusterIP")
    assert of_resources([release(chart(tmp_path, guard % closed, "closed"), kind)]) == set()


def test_an_archive_is_rendered_like_a_folder(tmp_path: Path) -> None:
    made = chart(tmp_path, OPEN)
    subprocess.run([tool("helm"), "package", made, "--destination", tmp_path], stdout=subprocess.PIPE, check=True)
    assert of_resources([release(tmp_path / "other-1.0.0.tgz")]) == of_resources([release(made)])


def test_a_template_that_asks_the_cluster_is_admitted_by_the_digest_of_its_chart(tmp_path: Path) -> None:
    asking = chart(tmp_path, '{{- if lookup "v1" "Secret" "a" "b" }}\na: b\n{{- end }}\n')
    found = of_resources([release(asking)])
    assert any("ask the cluster" in message for message in found)
    digest = rendering_of(release(asking)).digest
    assert of_resources([release(asking)], {"release-checkable": {"admittedCharts": {digest: "reviewed"}}}) == set()
    (asking / "templates" / "more.yaml").write_text("a: b\n")
    assert of_resources([release(asking)], {"release-checkable": {"admittedCharts": {digest: "reviewed"}}})


def test_a_chart_that_fails_is_no_chart_that_passes(tmp_path: Path) -> None:
    failing = chart(tmp_path, '{{ fail "only in a cluster" }}')
    assert any("cannot be rendered" in message for message in of_resources([release(failing)]))
    no_yaml = chart(tmp_path, "a: [\n", "broken")
    assert any("cannot be rendered" in message for message in of_resources([release(no_yaml)]))


def test_it_is_rendered_once_for_each_chart_and_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Any] = []
    render = helms.render

    def counted(*given: Any) -> list[Any]:
        runs.append(given)
        return render(*given)

    monkeypatch.setattr(helms, "render", counted)
    made = chart(tmp_path, "a: {{ .Values.a }}\n", "counted")
    for values in ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 1}):
        rendering_of(release(made, values=values))
    assert len(runs) == 2


@pytest.mark.parametrize(
    "written", [b"8080: {1: a}\ntext: b\n", "# café\ntext: b\n".encode("latin-1"), "\ufefftext: b\n".encode()]
)
def test_value_files_as_people_save_them(written: bytes, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_bytes(written)
    made = chart(tmp_path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {text: {{ .Values.text }}}\n")
    given = release(made, valueYamlFiles=[pulumi.FileAsset(str(tmp_path / "values.yaml"))])
    assert of_resources([given]) == set()
    assert [manifest.props["data"] for manifest in rendering_of(given).manifests] == [{"text": "b"}]
