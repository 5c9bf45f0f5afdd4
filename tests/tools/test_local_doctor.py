"""What `make doctor` and `make version` say, the first of them before anything is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local import doctor, version
from local.cluster import network
from local.plugins import install
from tests.unit.stack_files import PROJECT

KUBECONFIG = """
contexts:
- context: {cluster: a, user: a}
  name: kind-mine
- name: "quoted"
  context: {cluster: b, user: b}
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    marker = tmp_path / ".installed"
    marker.write_bytes((PROJECT / "requirements-dev.txt").read_bytes())
    monkeypatch.setattr(doctor, "_INSTALLED", marker)
    monkeypatch.setattr(doctor, "PROJECT", tmp_path)
    return marker


def test_it_needs_no_package_at_all(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-S", "-m", "local.doctor"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "✗ no Go: install version" in done.stdout


def test_nothing_is_missing(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("local.preconditions.problems", list)
    assert doctor.main([]) == 0
    assert capsys.readouterr().out == "✓ Nothing is missing: `make up` can begin.\n"


@pytest.mark.parametrize("lock", [None, "another==1\n"])
def test_packages_that_are_not_there_or_old(lock: str | None, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.preconditions.problems", list)
    installed.unlink() if lock is None else installed.write_text(lock)
    assert doctor.here() == ["the Python packages are not installed, or not the newest: type `make install`"]


def test_an_old_python(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.preconditions.problems", list)
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert doctor.here() == ["Python 3.9 is too old: install 3.11 or newer and type `make install PYTHON=python3.11`"]


def test_a_cluster_needs_the_cli_and_a_context(
    installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'nowhere'}:{tmp_path / 'config'}")
    monkeypatch.setattr("shutil.which", lambda _: None)
    command_line = "the pulumi command is not installed: see https://www.pulumi.com/docs/install/"
    assert doctor.cluster("mine", "kind-mine") == [command_line]
    assert doctor.cluster("mine", "quoted") == [command_line]
    [_, context] = doctor.cluster("mine", "typo")
    assert context.startswith("the kubeconfig has no context typo, but ")
    assert "kind-mine" in context
    assert doctor.cluster("mine", "")[1].startswith("there is no Pulumi.mine.yaml: type `make up CONTEXT=name`")


def test_a_cluster_that_does_not_answer_and_a_missing_login(
    installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(doctor, "_fails", lambda *_: True)
    login, cluster = doctor.cluster("mine", "kind-mine")
    assert "type `pulumi login`" in login
    assert "does not answer: type `kubectl --context kind-mine cluster-info`" in cluster


def test_the_page_has_one_port() -> None:
    assert "nodePort" not in (PROJECT / "Pulumi.dev.yaml").read_text()
    assert network.PAGE_PORT == 30080


def test_every_part_has_a_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(version, "HOME", tmp_path)
    for plugin in install.plugins():
        (tmp_path / "unavailable" / plugin.folder).mkdir(parents=True)
    parts = dict(line.split(": ", 1) for line in version.lines() if not line.startswith("image: "))
    assert all(parts.values())
    assert parts["kube-apiserver"] == "v1.34.4"
    assert parts["pulumi"].startswith("v3.")
    assert parts["pulumi-resource-kubernetes"].startswith("4.")
    stand_ins = r"pulumi-language-python \S+, pulumi-resource-random \S+"
    assert re.fullmatch(stand_ins, parts["stand-ins for official plugins"])
    assert "appVersion" in parts["chart label-studio"]
    assert any("/label-studio:" in line for line in version.lines())
