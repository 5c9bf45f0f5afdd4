"""What a snapshot consists of, as one file: lines of JSON, packed by gzip.

The first line has its facts, each further one an object with its version and SHA-256, or a task with its annotations.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import ProjectError
from .listed import Listed

FORMAT = "label-studio-snapshot"
VERSION = 1
SUFFIX = ".jsonl.gz"
OBJECT, TASK = "object", "task"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What there is to know of a snapshot besides its objects and tasks, which are counted.

    ``created`` is a time in ISO 8601, ``bucket`` and ``prefix`` are where the objects are, ``converter`` is the package
    that was there for conversions, with its version.
    """

    name: str
    project: str
    created: str
    bucket: str
    prefix: str
    label_config: str
    converter: str
    objects: int
    tasks: int
    annotations: int
    format: str = FORMAT
    version: int = VERSION

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.created)
        if not all(isinstance(count, int) for count in (self.objects, self.tasks, self.annotations)):
            raise TypeError("objects, tasks and annotations are numbers")

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.created)


@dataclass(frozen=True)
class Manifest:
    """A snapshot in a file of this machine, of which a line is in memory at a time."""

    file: Path
    facts: Facts

    @classmethod
    def read(cls, file: Path, name: str, project: str) -> Manifest:
        """The one in a file, which is read to its end; ProjectError where it is none of this project."""
        try:
            facts = next(_lines(file))
            _check(facts, name, project)
            manifest = cls(file, Facts(**facts))
            lines = 0
            for line in _lines(file):
                lines += 1
                if OBJECT in line:
                    Listed(**line[OBJECT])
        except (OSError, EOFError, ValueError, TypeError, RecursionError, zlib.error, StopIteration) as error:
            raise ProjectError(
                f"the snapshot {name} cannot be read ({type(error).__name__}): it is no snapshot"
            ) from None
        if lines != 1 + manifest.facts.objects + manifest.facts.tasks:
            raise ProjectError(f"the snapshot {name} is not complete: it has {lines} lines")
        return manifest

    def objects(self) -> Iterator[Listed]:
        """The versions of objects, in the order of the names."""
        return (Listed(**item) for item in self._items(OBJECT))

    def tasks(self) -> Iterator[dict[str, Any]]:
        """The tasks with their annotations, in the order of their numbers."""
        return self._items(TASK)

    def _items(self, kind: str) -> Iterator[dict[str, Any]]:
        return (line[kind] for line in _lines(self.file) if kind in line)


def write(file: Path, facts: Facts, objects: Iterable[Listed], tasks: Iterable[Mapping[str, Any]]) -> None:
    """Write a manifest to a file."""
    with (
        file.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8") as output,
    ):
        output.write(json.dumps(asdict(facts)) + "\n")
        output.writelines(json.dumps({OBJECT: asdict(it)}) + "\n" for it in objects)
        output.writelines(json.dumps({TASK: it}) + "\n" for it in tasks)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _check(facts: Mapping[str, Any], name: str, project: str) -> None:
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise ValueError(FORMAT)
    if facts.get("version") != VERSION:
        raise ProjectError(
            f"the snapshot {name} has version {facts.get('version')} of the format, and this release reads {VERSION}: "
            "use the release that made it, or a newer one"
        )
    if facts.get("project") != project:
        raise ProjectError(f"the snapshot {name} is of the project {facts.get('project')}; write another SNAPSHOT")
