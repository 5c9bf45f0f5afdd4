"""The shell that knows the stack of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import stack
from local.engine import Engine, EngineError


def test_a_shell_has_the_tools_and_speaks_of_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = Engine(tmp_path, "dev", tmp_path / "kubeconfig")
    engine.create()
    monkeypatch.setattr(stack, "deployed", lambda: engine)
    monkeypatch.setenv("SHELL", "/bin/bash")
    capfd.readouterr()
    assert stack.shell(["-ec", "command -v kubectl helm; echo $KUBECONFIG; pulumi stack --show-name; exit 7"]) == 7
    kubectl, helm, kubeconfig, name = capfd.readouterr().out.split()
    assert kubectl.endswith("/kubectl")
    assert helm.endswith("/helm")
    assert kubeconfig == str(engine.kubeconfig)
    assert name == "dev"


def test_without_a_stack_there_is_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "STATE", tmp_path)
    with pytest.raises(EngineError, match="run `make up` first"):
        stack.shell()
