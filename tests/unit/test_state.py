"""What the commands on exported states say to something else, such as the silence of a command that failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import picture, policy_state
from tests.unit.stack_files import PROJECT

CONFIG = str(PROJECT / "policies" / "config.dev.json")


@pytest.mark.parametrize("text", ["", "error: no stack", "[]", '{"version": 3}', '{"deployment": null}'])
@pytest.mark.parametrize(("main", "first"), [(picture.main, "picture.svg"), (policy_state.main, CONFIG)])
def test_what_is_no_state_is_refused(
    main: Callable[[list[str]], int], first: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    state.write_text(text)
    assert main([str(tmp_path / first), str(state)]) == 1
    assert "not what pulumi stack export prints" in capsys.readouterr().err
    assert not (tmp_path / first).exists() or first == CONFIG
