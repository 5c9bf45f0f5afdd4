"""Manifests of snapshots: what is written is read again, what is none is refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.cluster import Cluster
from cli.errors import ProjectError
from cli.files import Files
from cli.listed import Listed
from cli.manifest import Facts, Manifest, write
from cli.snapshots import Snapshot
from cli.stack import Place, Project
from tests.unit.projects.test_export import box, stored, tasks_of
from tests.unit.projects.test_settings import LABELLING

MOMENT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
FACTS = Facts(
    name="first",
    project="cats",
    created=MOMENT.isoformat(),
    bucket="projects",
    prefix="cats/input/",
    label_config=LABELLING,
    converter="label-studio-sdk 1.0",
    objects=1,
    tasks=1,
    annotations=1,
)
OBJECTS = [Listed("a.jpg", 3, "etag", "version", "0" * 64)]
PLACE = Place("projects", "cats/input/", "us-east-1", None, None, None, None, None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A manifest, of which tests change a part."""
    write(tmp_path / "manifest", FACTS, OBJECTS, tasks_of([stored(1, 7, "a.jpg", box("cat"))]))
    return tmp_path / "manifest"


def rewrite(file: Path, line: int, **values: Any) -> None:
    lines = [json.loads(each) for each in gzip.decompress(file.read_bytes()).splitlines()]
    lines[line] |= values
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))


def test_what_is_written_is_read_again(file: Path) -> None:
    manifest = Manifest.read(file, "first", "cats")
    assert (manifest.facts, [*manifest.objects()], manifest.facts.moment) == (FACTS, OBJECTS, MOMENT)
    assert [*manifest.tasks()] == tasks_of([stored(1, 7, "a.jpg", box("cat"))])


def test_a_manifest_of_another_project_is_refused(file: Path) -> None:
    with pytest.raises(ProjectError, match="the snapshot first is of the project cats; write another SNAPSHOT"):
        Manifest.read(file, "first", "dogs")


def test_a_newer_format_is_refused_with_what_to_use(file: Path) -> None:
    rewrite(file, 0, version=2, a_field_of_tomorrow=True)
    with pytest.raises(ProjectError, match="the snapshot first has version 2 of the format, and this release reads 1"):
        Manifest.read(file, "first", "cats")


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", *(gzip.compress(it, mtime=0) for it in (b"", b"[]\n", b'{"format": "another"}\n')), "cut"],
)
def test_what_is_no_manifest_is_refused(content: bytes | str, file: Path) -> None:
    file.write_bytes(content if isinstance(content, bytes) else file.read_bytes()[:-20])
    with pytest.raises(ProjectError, match=r"the snapshot first cannot be read \(\w+\): it is no snapshot"):
        Manifest.read(file, "first", "cats")


@pytest.mark.parametrize(
    ("line", "values"),
    [(0, {"objects": "2"}), (0, {"created": "today"}), (1, {"object": 5}), (1, {"object": {"name": "a.jpg"}})],
)
def test_a_manifest_with_other_values_is_refused(line: int, values: dict[str, Any], file: Path) -> None:
    rewrite(file, line, **values)
    with pytest.raises(ProjectError, match=r"the snapshot first cannot be read \(\w+\): it is no snapshot"):
        Manifest.read(file, "first", "cats")


def test_a_manifest_without_all_lines_is_refused(file: Path) -> None:
    rewrite(file, 0, tasks=2)
    with pytest.raises(ProjectError, match="the snapshot first is not complete: it has 3 lines"):
        Manifest.read(file, "first", "cats")


@pytest.mark.parametrize("name", ["", ".", "../first", "a/b", "a b", "ä", "a" * 101, "first\n"])
def test_a_name_is_one_part_of_a_path(name: str) -> None:
    project = Project("cats", "cats", "cats-sync", PLACE, PLACE, PLACE, None, PLACE, PLACE)
    with pytest.raises(ProjectError, match="is no name: write up to 100 letters, digits, dots, hyphens and underscore"):
        Snapshot.of(Cluster("somewhere", "ls"), None, project, name)


def test_a_stack_without_versions_is_told_what_to_write() -> None:
    project = Project("cats", "cats", "cats-sync", PLACE, PLACE, PLACE)
    with pytest.raises(ProjectError, match=r"keep no versions, .*: write objectStore\.versioning: true and run pulumi"):
        Snapshot.of(Cluster("somewhere", "ls"), None, project, "first")
    with pytest.raises(ProjectError, match="the project cats has no target to export from"):
        Snapshot.of(Cluster("somewhere", "ls"), None, replace(project, export=None), "first")


def test_a_file_is_the_one_with_the_digest(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"cat")
    listed = Listed("a.jpg", 3, "etag", "version")
    with Files.open(tmp_path, tmp_path / "files.db", ("cats", "JSON")) as files:
        files.want([("a.jpg", "a.jpg", "a.jpg")])
        assert files.compare([listed]) == (1, 3)
        files.keep(replace(listed, sha256="0" * 64))
        assert [*files.digested()] == [replace(listed, sha256="0" * 64)]
        assert files.compare([listed]) == (0, 0)
        assert files.compare([replace(listed, sha256="0" * 64)]) == (1, 3)
