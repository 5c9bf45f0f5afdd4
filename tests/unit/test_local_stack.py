"""The stack of this machine, before there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import stack
from local.engine import EngineError


def test_without_a_stack_there_is_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "HOME", tmp_path / "nowhere")
    with pytest.raises(EngineError, match="run `make up` first"):
        stack.shell()
