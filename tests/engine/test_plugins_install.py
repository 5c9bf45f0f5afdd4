"""Where the CLI gets its plugins from, and the values that the stand-ins exchange with the engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plugins import install
from local.plugins.properties import UNKNOWN, Secret, decode, encode, has_secret, has_unknown, mark_secrets, plain

_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
        | inner.filter(lambda value: not isinstance(value, Secret)).map(Secret)
    ),
    max_leaves=10,
)


@given(_VALUES)
def test_every_value_survives_the_wire(value: Any) -> None:
    assert decode(encode(value)) == value


@given(_VALUES)
def test_nothing_secret_is_left_in_a_plain_value(value: Any) -> None:
    assert not has_secret(plain(value))
    assert has_unknown(plain(value)) == has_unknown(value)


def test_a_secret_never_shows_itself() -> None:
    assert "hush" not in repr(Secret("hush"))


def test_outputs_are_secret_where_the_inputs_are() -> None:
    inputs = {"a": {"b": Secret("x"), "c": "y"}, "list": ["p", Secret("q")], "gone": Secret("z")}
    outputs = {"a": {"b": "x", "c": "y", "d": "more"}, "list": ["q", "p"], "e": "f"}
    marked = mark_secrets(outputs, inputs)
    assert marked["a"] == {"b": Secret("x"), "c": "y", "d": "more"}
    assert marked["list"] == Secret(["q", "p"])
    assert marked["e"] == "f"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which no official plugin is to be found."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/usr/local/go/bin")
    monkeypatch.setattr(install, "_download", lambda *_: False)
    monkeypatch.setattr(install, "tool", lambda name: _program(tmp_path / "tools" / name))
    return tmp_path / "home"


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def test_what_cannot_be_downloaded_lies_where_the_cli_looks_first(home: Path) -> None:
    language, kubernetes, random = install.plugins()
    binaries = install.prepare(home)
    assert {path.name for path in binaries.iterdir()} == {
        "pulumi",
        language.executable,
        f"{language.executable}-exec",
    }
    cache = home / "pulumi" / "plugins"
    assert (cache / kubernetes.folder / kubernetes.executable).stat().st_size == 0, "the one that was built"
    assert (cache / random.folder / random.executable).read_text().startswith(f"#!{sys.executable}\n# Stand-in")


def test_a_second_run_leaves_all_of_it_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install.prepare(home)
    before = {path: path.stat().st_ino for path in home.rglob("*")}
    monkeypatch.setattr(install, "_download", lambda *_: pytest.fail("asked for a second time"))
    install.prepare(home)
    assert {path: path.stat().st_ino for path in home.rglob("*")} == before


def test_an_official_plugin_is_used_where_there_is_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    language, kubernetes, random = install.plugins()
    _program(home / "pulumi" / "plugins" / random.folder / random.executable)
    _program(home.parent / "path" / language.executable)
    assert install.made_here(home) == [kubernetes]
    install.prepare(home)
    assert not (home / "embedded-cli" / language.executable).exists()
    # Those of an outer run are none.
    monkeypatch.setenv("PATH", f"{install.prepare(home.parent / 'outer')}:/usr/bin:/usr/local/go/bin")
    assert language in install.made_here(home)


def test_an_official_plugin_takes_the_place_of_what_was_made_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, kubernetes, _ = install.plugins()
    install.prepare(home)
    cached = home / "pulumi" / "plugins" / kubernetes.folder

    def download(plugin: install.Plugin, home: Path) -> bool:
        _program(home / "pulumi" / "plugins" / plugin.folder / "official")
        return True

    monkeypatch.setattr(install, "_download", download)
    (home / "unavailable" / kubernetes.folder).unlink()
    install.prepare(home)
    assert [path.name for path in cached.iterdir()] == ["official"]


def test_a_stand_in_starts_without_the_whole_sdk(home: Path) -> None:
    *_, random = install.plugins()
    install.prepare(home)
    script = (home / "pulumi" / "plugins" / random.folder / random.executable).read_text()
    probe = script.replace("\nmain(", "\n(lambda *_: None)(") + "\nprint('pulumi.resource' in sys.modules)\n"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
