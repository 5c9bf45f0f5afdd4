"""Which images a stack pulls, and the commands that bring them into another registry."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.tools.build import tool
from scripts import images
from scripts.images import ImageError, Reference, copy_command, main, references, with_digest, without_mirror
from tests.unit.stack_files import PROJECT, settings_of, stack_config

MIRROR = "registry.example.com/mirror"
DIGEST = f"sha256:{'0' * 64}"
NAMES_OF_DEV = ("labelStudio", "postgresql", "valkey", "minio", "minioClient")
DEV = {"label_studio", "postgresql", "valkey", "minio", "minio_client"}
PROD = {"label_studio", "cnpg_postgresql", "valkey", "minio", "minio_client"}


@pytest.mark.parametrize(("stack", "names"), [("dev", DEV), ("prod", PROD)])
def test_every_image_of_a_stack_is_listed(stack: str, names: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([stack]) == 0
    assert capsys.readouterr().out.split() == sorted(settings_of(stack).image(name) for name in names)


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
    images.mirror(wanted, "r.io")
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
    with pytest.raises(ImageError, match=r"a\.io/b:1 was not copied"):
        images.mirror([Reference("a.io/b", "1", None), Reference("a.io/c", "2", None)], "r.io")
    assert "a.io/c" not in capfd.readouterr().out


def test_without_a_tool_the_commands_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = Reference("a.io/b", "1", None)
    with pytest.raises(ImageError, match="none of crane, skopeo, oras is installed"):
        images.mirror([wanted], "r.io")
    assert capsys.readouterr().out == "crane copy a.io/b:1 r.io/b:1\n"
    with pytest.raises(ImageError, match=r"the digest of a\.io/b:1 is not known here"):
        with_digest(wanted)


@pytest.fixture
def registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses of two empty registries, and a client on the PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "crane").symlink_to(tool("crane"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    command = ["crane", "registry", "serve", "--address", "127.0.0.1:0"]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    yield [f"127.0.0.1:{re.findall(r'[0-9]+', server.stderr.readline())[-1]}" for server in running if server.stderr]
    for server in running:
        server.terminate()
        server.communicate()


def test_a_mirror_has_the_same_images_under_the_same_digests(
    registries: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = registries
    layer = tmp_path / "layer.tar"
    tarfile.open(layer, "w").close()
    config = stack_config("dev")
    config["label-studio:images"] = {name: f"{theirs}/acme/{name.lower()}:17" for name in NAMES_OF_DEV}
    for image in config["label-studio:images"].values():
        subprocess.run(["crane", "append", "--new_layer", layer, "--new_tag", image], check=True)
    file = tmp_path / "Pulumi.other.yaml"
    file.write_text(yaml.safe_dump({"config": config}))
    assert main([str(file), "--mirror", f"{ours}/copies"]) == 0
    capfd.readouterr()
    assert main([str(file), "--digests"]) == 0
    listed = capfd.readouterr().out.split()
    assert len(listed) == len(NAMES_OF_DEV)
    for image in listed:
        name, _, digest = image.rpartition("@")
        copy = name.replace(f"{theirs}/", f"{ours}/copies/")
        told = subprocess.run(["crane", "digest", copy], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert told.strip() == digest
    assert main([str(file), "--mirror", "127.0.0.1:1/nowhere"]) == 1


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
