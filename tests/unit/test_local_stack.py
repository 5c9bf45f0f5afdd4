"""What is done to the stack of this machine, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from components.stack.cluster import ClusterSettings
from local import stack
from local.engine import Engine, EngineError


class Recorded(Engine):
    """Remembers what is done to the stack."""

    done: ClassVar[list[str]] = []

    def create(self) -> None:
        self.done.append("create")

    def operate(self, command: str, *flags: str, **_: Any) -> Any:
        self.done.append(" ".join([command, *flags[::2]]))

    def outputs(self, show_secrets: bool = False) -> dict[str, Any]:
        return {"administrator": "admin@example.com", "url": None}


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stack of an empty machine, on which nothing really happens."""
    engine = Recorded(tmp_path, "dev", tmp_path / "kubeconfig")
    engine.machine_file.parent.mkdir(parents=True)
    monkeypatch.setattr(Recorded, "done", [])
    monkeypatch.setattr(stack, "HOME", tmp_path)
    monkeypatch.setattr(stack, "engine", lambda: engine)
    monkeypatch.setattr(stack, "Api", lambda: None)
    monkeypatch.setattr("local.recovery.settle", lambda *_: Recorded.done.append("settle"))
    monkeypatch.setattr("scripts.waiting.watch.watched", noted)
    monkeypatch.setattr("scripts.server_check.report", lambda *_: Recorded.done.append("ask the API server"))
    return Recorded.done


@contextmanager
def noted(cluster: ClusterSettings) -> Iterator[None]:
    Recorded.done.append(f"watch {cluster.namespace}")
    yield
    Recorded.done.append("watched")


def test_what_a_killed_update_left_is_settled_before_the_next(
    recorded: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.up()
    operation = "up --policy-pack --policy-pack-config"
    assert recorded == ["create", "settle", "watch label-studio", operation, "watched"]
    assert (tmp_path / "machine" / "Pulumi.dev.yaml").exists()
    assert "Label Studio is ready\n" in capsys.readouterr().out


def test_stand_ins_are_named_once(
    recorded: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stack, "stand_ins", lambda: ["pulumi-resource-random 4.21.4"])
    stack.up()
    assert "cannot be downloaded here: pulumi-resource-random 4.21.4" in capsys.readouterr().out
    stack.up()
    assert "pulumi-resource-random" not in capsys.readouterr().out


def test_a_preview_changes_nothing_under_the_same_policies(recorded: list[str]) -> None:
    stack.preview(["--diff"])
    assert recorded == ["ask the API server", "preview --policy-pack --policy-pack-config --diff"]


def test_a_stack_file_of_another_cluster_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: list[str]
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {'label-studio:cluster': {context: elsewhere}}")
    monkeypatch.setattr(stack, "engine", lambda: Recorded(tmp_path, "dev", tmp_path, tmp_path))
    with pytest.raises(EngineError, match="type `make up CONTEXT=elsewhere STACK=dev`"):
        stack.up()
    assert recorded == []


def test_without_a_stack_there_is_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "HOME", tmp_path / "nowhere")
    with pytest.raises(EngineError, match="run `make up` first"):
        stack.shell()
