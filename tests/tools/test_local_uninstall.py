"""`make uninstall` removes data and caches once somebody agreed, and says what."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import uninstall
from local.cluster import lifecycle


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("state", "cache", "venv")}
    for folder in made.values():
        (folder / "below").mkdir(parents=True)
    monkeypatch.setattr(uninstall, "STATE", made["state"])
    monkeypatch.setattr(lifecycle, "STATE", made["state"])
    monkeypatch.setattr(lifecycle, "_LOCK", tmp_path / "lock")
    monkeypatch.setattr(lifecycle, "processes", list)
    monkeypatch.setattr("local.cluster.traces.mounts", list)
    monkeypatch.setattr(lifecycle, "stop", lambda: None)
    monkeypatch.setattr(
        uninstall, "FOLDERS", {folder: f"what {name} is" for name, folder in made.items()} | {tmp_path / "none": ""}
    )
    return made


def test_what_is_removed_is_said_before_and_after(folders: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    uninstall.uninstall(agreed=True)
    assert not any(folder.exists() for folder in folders.values())
    printed = capsys.readouterr().out
    for name, folder in folders.items():
        assert f"{folder} (" in printed.partition("Removed: ")[0]
        assert f"what {name} is" in printed
        assert f"{folder} (" in printed.partition("Removed: ")[2]
    assert "Left, since other programs may use them" in printed
    assert "/none" not in printed


@pytest.mark.parametrize(("typed", "said"), [("yes", "nothing was removed"), (None, "write make uninstall YES=1")])
def test_nothing_is_removed_unless_somebody_agrees(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, typed: str | None, said: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: typed is not None, raising=False)
    monkeypatch.setattr("builtins.input", lambda *_: typed)
    with pytest.raises(uninstall.NotAgreedError, match=said):
        uninstall.uninstall(agreed=False)
    assert all((folder / "below").exists() for folder in folders.values())


def test_whoever_types_delete_agrees(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda *_: "delete")
    uninstall.uninstall(agreed=False)
    assert not any(folder.exists() for folder in folders.values())
