"""Which images a stack pulls, and the commands that bring them into another registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts import images
from scripts.images import Reference, copy_command, main, references, without_mirror
from settings.images import ImageSettings
from tests.unit.stack_files import PROJECT, stack_config

MIRROR = "registry.example.com/mirror"
DIGEST = f"sha256:{'0' * 64}"
DEV = {"label_studio", "postgresql", "valkey", "minio", "minio_client"}
PROD = {"label_studio", "cnpg_postgresql", "valkey", "minio", "minio_client"}


@pytest.mark.parametrize(("stack", "names"), [("dev", DEV), ("prod", PROD)])
def test_every_image_of_a_stack_is_listed(stack: str, names: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([stack]) == 0
    assert capsys.readouterr().out.split() == sorted(ImageSettings().reference(name) for name in names)


def test_copies_lie_where_a_stack_with_the_mirror_looks() -> None:
    config = stack_config("dev", {"images": {"mirror": MIRROR}})
    copied = {reference.target(MIRROR) for reference in references(without_mirror(config))}
    assert {str(reference).split("@")[0] for reference in references(config)} == copied


@pytest.mark.parametrize(
    ("tool", "reference", "command"),
    [
        ("crane", Reference("a.io/b/c", "1", None), "crane copy a.io/b/c:1 r.io/m/b/c:1"),
        ("crane", Reference("a.io/b/c", "1", DIGEST), f"crane copy a.io/b/c@{DIGEST} r.io/m/b/c:1"),
        ("oras", Reference("a.io/b/c", None, DIGEST), f"oras copy a.io/b/c@{DIGEST} r.io/m/b/c@{DIGEST}"),
        ("skopeo", Reference("a.io/b", "1", None), "skopeo copy --all docker://a.io/b:1 docker://r.io/m/b:1"),
    ],
)
def test_tools_are_called_as_they_want(tool: str, reference: Reference, command: str) -> None:
    assert " ".join(copy_command(tool, reference, "r.io/m")) == command


def install(folder: Path, tool: str, script: str) -> None:
    (folder / tool).write_text(f"#!/bin/sh\n{script}\n")
    (folder / tool).chmod(0o755)


def test_the_tool_that_is_there_copies_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, "skopeo", 'echo "$@" >>"$CALLS"')
    calls = tmp_path / "calls"
    monkeypatch.setenv("CALLS", str(calls))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    wanted = [Reference("a.io/b", "1", None), Reference("a.io/c", "2", None)]
    assert images.mirror(wanted, "r.io") == 0
    assert calls.read_text().splitlines() == [
        "copy --all docker://a.io/b:1 docker://r.io/b:1",
        "copy --all docker://a.io/c:2 docker://r.io/c:2",
    ]
    assert "a.io/c:2 -> r.io/c:2" in capfd.readouterr().out


def test_the_first_failure_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, "crane", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert images.mirror([Reference("a.io/b", "1", None), Reference("a.io/c", "2", None)], "r.io") == 1
    told = capfd.readouterr()
    assert "a.io/b:1 was not copied" in told.err
    assert "a.io/c" not in told.out


def test_without_a_tool_the_commands_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert images.mirror([Reference("a.io/b", "1", None)], "r.io") == 1
    told = capsys.readouterr()
    assert told.out == "crane copy a.io/b:1 r.io/b:1\n"
    assert "none of crane, skopeo, oras is installed" in told.err


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "error: there is no "), ({}, "error: The settings of this stack cannot be used")],
)
def test_what_cannot_be_composed_is_told(
    content: Any, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.other.yaml"
    if content is not None:
        file.write_text('config: {"label-studio:cluster": {}}\n')
    assert main([str(file)]) == 1
    assert told in capsys.readouterr().err


def test_examples_are_listed_by_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(PROJECT / "examples" / "Pulumi.alauda.yaml")]) == 0
    listed = capsys.readouterr().out.split()
    assert listed
    assert all(image.startswith("registry.example.com/label-studio/") for image in listed)
