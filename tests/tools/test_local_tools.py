"""What decides whether a tool is built again."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from local.tools import build
from local.tools.build import BUILDS, MODULES, USUAL, BuildError, Overlay, location, required_go, tool


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The modules in a folder that a test may change, and an empty cache."""
    copy = tmp_path / "modules"
    shutil.copytree(MODULES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(build, "MODULES", copy)
    monkeypatch.setattr(build, "TOOLS", tmp_path / "tools")
    return copy


@pytest.mark.parametrize("name", BUILDS)
def test_each_tool_has_a_pinned_module(name: str) -> None:
    wanted = BUILDS[name]
    module = (wanted.directory / "go.mod").read_text()
    assert (wanted.directory / "go.sum").exists()
    if wanted.package.startswith("."):
        assert (wanted.directory / wanted.package / "main.go").exists()
    else:
        assert re.search(rf"^\s*(tool )?{re.escape(wanted.package)}$", module, re.M), "not among the module's tools"


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_the_key_follows_the_sources(modules: Path, file: str) -> None:
    before = BUILDS["pause"].key
    with (modules / "pause" / file).open("a") as changed:
        changed.write("\n")
    assert BUILDS["pause"].key != before


def test_the_key_follows_package_and_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = BUILDS["pulumi"]
    before = {tool.key, dataclasses.replace(tool, package="x").key}
    monkeypatch.setattr(build, "VARIABLES", {"pulumi": {"v": "1"}})
    assert len({*before, tool.key}) == 3


def test_tools_of_one_module_lie_apart() -> None:
    assert len({location(name).parent for name in BUILDS}) == len(BUILDS)


def test_a_tool_is_built_once(modules: Path) -> None:
    path = tool("pause")
    built = path.stat().st_mtime_ns
    assert path.stat().st_mode & 0o111
    assert tool("pause") == path
    assert path.stat().st_mtime_ns == built
    assert [entry.name for entry in path.parent.parent.iterdir() if not entry.name.startswith(".lock")] == [
        path.parent.name
    ]


def test_a_build_that_fails_says_why_and_leaves_nothing(modules: Path) -> None:
    (modules / "pause" / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(BuildError, match="undefined"):
        tool("pause")
    assert not location("pause").exists()


def test_an_interrupted_build_is_not_taken_for_a_whole_one(modules: Path) -> None:
    partial = location("pause").parents[1] / "pause.partial"
    partial.mkdir(parents=True)
    (partial / "pause").write_text("half")
    assert tool("pause").read_bytes()[:4] == b"\x7fELF"


def test_linker_flags_name_each_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "VARIABLES", {"m": {"a.b": "1", "c.d": "2"}})
    assert build.flags("m")[-1] == "-ldflags=-s -w -X a.b=1 -X c.d=2"


def test_tools_of_one_module_are_compiled_together() -> None:
    assert build.together(["kubelet", "minio", "kube-proxy", "mc", "local-path-provisioner"]) == [
        ["kubelet", "kube-proxy"],
        ["minio", "mc"],
        ["local-path-provisioner"],
    ]


def test_required_go_is_the_newest_that_a_module_asks_for(modules: Path) -> None:
    (modules / "pause" / "go.mod").write_text("module x\n\ngo 9.7.1\n")
    assert required_go() == (9, 7)


def test_what_only_a_drill_needs_is_not_built_with_the_rest() -> None:
    assert {*BUILDS} - {*USUAL} == {"former-cnpg-manager", "former-plugin-barman-cloud"}
    assert build.together(["cnpg-manager", "plugin-barman-cloud"]) == [["cnpg-manager"], ["plugin-barman-cloud"]]


def test_files_of_one_module_are_replaced_in_one_copy(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = modules.parent / "source"
    (source / "inner").mkdir(parents=True)
    for name in ("one.go", "two.go", "inner/three.go"):
        (source / name).write_text("theirs")
        (source / name).chmod(0o444)
    for name in ("a.go", "b.go"):
        (modules / "overlays" / name).write_text("ours")
    monkeypatch.setattr(build, "module_directory", lambda group, module: source)
    (modules.parent / "tools").mkdir()
    overlays = [Overlay("example.com/m", "one.go", "a.go"), Overlay("example.com/m", "inner/three.go", "b.go")]
    [flag] = build._overlay_flags("pause", overlays)
    replaced = re.findall(r"^replace example\.com/m => (\S+)$", Path(flag.removeprefix("-modfile=")).read_text(), re.M)
    [copy] = map(Path, replaced)
    found = {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*.go")}
    assert found == {"one.go": "ours", "inner/three.go": "ours", "two.go": "theirs"}
