"""What the pages of docs/ say holds: links lead somewhere, settings load, programs run, commands exist or run."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from _pytest.mark.structures import ParameterSet

from settings import load_settings
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import PROJECT, configured, stack_config

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.M | re.S)
TARGET = re.compile(r"^([a-z0-9-]+):", re.M)


def blocks(language: str) -> list[ParameterSet]:
    return [
        pytest.param(re.sub(f"^{indent}", "", text, flags=re.M), id=f"{page.stem}-{number}")
        for page in (PROJECT / "docs").glob("*.md")
        for number, (indent, found, text) in enumerate(BLOCK.findall(page.read_text()))
        if found == language
    ]


def anchors(page: Path) -> set[str]:
    """What a heading is called in a link, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


def test_the_index_has_every_page() -> None:
    linked = set(LINK.findall((PROJECT / "docs" / "index.md").read_text()))
    assert {page.name for page in (PROJECT / "docs").glob("*.md")} - {"index.md"} <= linked


@pytest.mark.parametrize("text", blocks("yaml"))
def test_settings_of_pages_load(text: str) -> None:
    with configured({**stack_config("prod"), **yaml.safe_load(text)}):
        assert load_settings().is_production


@pytest.mark.parametrize("text", blocks("python"))
def test_programs_of_pages_register_resources(text: str) -> None:
    program = run_program(lambda: exec(compile(text, "page", "exec"), {}))
    assert len(program.all("kubernetes:apps/v1:StatefulSet")) == 1


@pytest.mark.parametrize("text", blocks("bash"))
def test_commands_of_pages_run(text: str) -> None:
    # The packages are there already: `make install` is what started this test.
    environment = {**os.environ, "MAKEFLAGS": "--old-file=.venv/.installed"}
    done = subprocess.run(
        ["bash", "-euc", text], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", [*blocks("console"), *blocks("bash")])
def test_commands_of_pages_are_well_formed(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    targets = TARGET.findall((PROJECT / "Makefile").read_text() + (PROJECT / "docs.mk").read_text())
    for target in re.findall(r"^make ([a-z-]+)", text, re.M):
        assert target in targets, f"there is no make {target}"
