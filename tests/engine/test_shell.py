"""The shell that knows the stack of this machine, and what is typed in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from local import machine, stack
from local.engine import read
from local.paths import KUBECONFIG

PROGRAM = """
import pulumi

config = pulumi.Config()
pulumi.export("page", config.require_object("labelStudio"))
pulumi.export("secret", config.get_secret("mine"))
"""
COMMITTED = """# A comment of the user's.
config:
  label-studio:labelStudio:
    service: {type: NodePort}
"""
Type = Callable[[str], str]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A program of one file that asks no provider for anything."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "label-studio", "runtime": runtime}))
    (folder / "Pulumi.dev.yaml").write_text(COMMITTED)
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


@pytest.fixture
def typed(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Type:
    """Types commands in the shell of the machine's stack, and gives what they printed."""
    made = machine.engine(tmp_path / "home", checkout)
    made.create()
    machine.describe(made)
    monkeypatch.setattr(stack, "deployed", lambda: machine.engine(tmp_path / "home", checkout))
    monkeypatch.setenv("SHELL", "/bin/bash")

    def shell(commands: str) -> str:
        capfd.readouterr()
        assert stack.shell(["-euc", commands]) == 0, capfd.readouterr()
        return capfd.readouterr().out

    return shell


def test_a_shell_has_the_tools_and_the_status_of_its_last_command(typed: Type) -> None:
    kubectl, helm, kubeconfig, name = typed(
        "command -v kubectl helm; echo $KUBECONFIG; pulumi stack --show-name"
    ).split()
    assert kubectl.endswith("/kubectl")
    assert helm.endswith("/helm")
    assert kubeconfig == str(KUBECONFIG)
    assert name == "dev"
    assert stack.shell(["-c", "exit 7"]) == 7


def test_what_is_typed_acts_on_the_users_stack_file_and_only_the_user_changes_it(
    typed: Type, checkout: Path, tmp_path: Path
) -> None:
    file = checkout / "Pulumi.dev.yaml"
    typed("pulumi preview; pulumi up --yes --skip-preview; pulumi refresh --yes --skip-preview; pulumi config")
    assert file.read_text() == COMMITTED
    typed("pulumi config set --path label-studio:labelStudio.replicas 2; echo hidden | pulumi config set --secret mine")
    changed = file.read_text()
    assert changed.startswith("# A comment of the user's.\n")
    assert read(file)["config"]["label-studio:labelStudio"] == {"service": {"type": "NodePort"}, "replicas": 2}
    assert "hidden" not in changed
    typed("pulumi up --yes --skip-preview")
    assert typed("pulumi stack output secret --show-secrets; pulumi config get mine") == "hidden\nhidden\n"
    made = machine.engine(tmp_path / "home", checkout)
    assert made.outputs()["page"] == {
        "replicas": 2,
        "service": {"nodePort": 30080, "type": "NodePort"},
        "url": "http://127.0.0.1:30080",
    }
    made.create()
    machine.describe(made)
    made.operate("up", capture=True)
    assert file.read_text() == changed
    assert made.outputs(show_secrets=True)["secret"] == "hidden"
