"""What the pages of docs/ say holds: links lead somewhere, settings load, programs run, commands exist or run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest
import yaml
from _pytest.mark.structures import ParameterSet

import components
from components.stack.settings import load_settings
from tests.pages import PAGES, PROJECT, blocks
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import configured, stack_config

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z0-9-]+):", re.M)


def each(*languages: str, without: Collection[str] = ()) -> list[ParameterSet]:
    return [pytest.param(block.text, id=block.name) for block in blocks(*languages) if block.page not in without]


def anchors(page: Path) -> set[str]:
    """What a heading is called in a link, as GitHub makes it, and what rows of tables call themselves."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    own = re.findall(r'<a id="([^"]+)"></a>', page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings} | {*own}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


PATH = re.compile(r"`([\w.*/-]+/[\w.*/-]*|[\w-]+\.(?:py|toml|mk))`")


def test_the_guide_to_folders_and_changes_names_what_is_there() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    named = PATH.findall(text)
    assert len(named) > 30
    assert [path for path in named if not any(PROJECT.glob(path.rstrip("/")))] == []
    top = {path.name for path in PROJECT.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    kept = {name for name in top if not name.startswith(".") and name not in ("build", "dist", "exports")}
    assert {f"`{name}/" for name in kept} <= {f"`{path.split('/')[0]}/" for path in named}
    for row in text.partition("## Ten changes")[2].splitlines():
        assert len(PATH.findall(row.rpartition(" | ")[2] if row.startswith("| ") else "")) <= 3


def test_the_index_has_every_page() -> None:
    linked = set(LINK.findall((PROJECT / "docs" / "index.md").read_text()))
    assert {page.name for page in (PROJECT / "docs").glob("*.md")} - {"index.md"} <= linked


@pytest.mark.parametrize("text", each("yaml"))
def test_settings_of_pages_load(text: str) -> None:
    with configured({**stack_config("prod"), **yaml.safe_load(text)}):
        assert load_settings().is_production


# What reads a training set is run where there is one.
@pytest.mark.parametrize("text", each("python", without=["quickstart", "training"]))
def test_programs_of_pages_register_resources(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # As the package is called where it is installed.
    monkeypatch.setitem(sys.modules, "label_studio_pulumi", components)
    program = run_program(lambda: exec(compile(text, "page", "exec"), {}))
    assert len(program.all("kubernetes:apps/v1:StatefulSet")) == 1


# What the README begins with is what runs these tests.
@pytest.mark.parametrize("text", each("bash", without=["README"]))
def test_commands_of_pages_run(text: str) -> None:
    # The packages are there already: `make install` is what started this test.
    environment = {**os.environ, "MAKEFLAGS": "--old-file=.venv/.installed"}
    done = subprocess.run(
        ["bash", "-euc", text], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", each("console", "bash"))
def test_commands_of_pages_are_well_formed(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    targets = TARGET.findall((PROJECT / "Makefile").read_text() + (PROJECT / "docs.mk").read_text())
    for target in re.findall(r"^make ([a-z-]+)", text, re.M):
        assert target in targets, f"there is no make {target}"


def test_what_no_test_can_have_is_said_and_the_rest_runs() -> None:
    marked = [block for block in blocks("console") if block.text.startswith("#")]
    assert marked
    assert all(block.needs for block in marked), "a block that needs something begins with '# Needs … .'"
