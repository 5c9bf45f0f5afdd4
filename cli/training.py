"""Annotations together with the files that they are about: a folder that training programs read as it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .annotations import Annotations
from .errors import ProjectError
from .export import FLAT_FORMATS, Format, flat, writable
from .files import Files

# What is not for training programs: what was downloaded, so that the next download goes on from there.
STATE = ".download"
IMAGES, DATA = "images", "data"


@dataclass(frozen=True)
class Layout:
    """Where the files of a format go, and what its tasks call them; ``source`` is such as s3://bucket/input/."""

    kind: Format
    source: str

    @property
    def has_images(self) -> bool:
        """Whether the format names images by their paths in a folder, instead of by the addresses of tasks."""
        return self.kind == "COCO" or self.kind in FLAT_FORMATS

    def path(self, name: str) -> str:
        """The file of an object, below the folder."""
        if not self.has_images:
            return f"{DATA}/{name}"
        return f"{IMAGES}/{flat(name) if self.kind in FLAT_FORMATS else name}"

    def names(self, task: Mapping[str, Any]) -> Iterator[str]:
        """The objects of the source that a task names."""
        return (text.removeprefix(self.source) for text in _texts(task["data"]) if text.startswith(self.source))

    def elsewhere(self, task: Mapping[str, Any]) -> Iterator[str]:
        """The addresses of data that is not in the source."""
        return (text for text in _texts(task["data"]) if "://" in text.split()[0] and not text.startswith(self.source))

    def wanted(self, tasks: Iterator[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
        """Each object with its path, and with what no other one may be called."""
        for task in tasks:
            for name in self.names(task):
                path = self.path(name)
                # YOLO and VOC call the annotations of an image after it, whatever its extension is.
                yield name, path, str(PurePosixPath(path).with_suffix("")) if self.kind in FLAT_FORMATS else path

    def local(self, task: dict[str, Any]) -> dict[str, Any]:
        """The task with paths in place of addresses, for a format that leaves what tasks say."""
        return task if self.has_images else {**task, "data": self._local(task["data"])}

    def _local(self, value: Any) -> Any:
        match value:
            case str() if value.startswith(self.source):
                return self.path(value.removeprefix(self.source))
            case list():
                return [self._local(each) for each in value]
            case dict():
                return {key: self._local(each) for key, each in value.items()}
            case _:
                return value


@contextmanager
def opened(folder: Path, project: str, kind: Format) -> Iterator[tuple[Annotations, Files]]:
    """What a folder has of a project already; ProjectError where it has anything else."""
    state = folder / STATE
    with writable(folder):
        if folder.exists() and not state.exists() and any(folder.iterdir()):
            raise ProjectError(f"{folder} has other files already; name a new folder in TO")
        (state / "parts").mkdir(parents=True, exist_ok=True)
        with (
            Files.open(folder, state / "files.db", (project, kind)) as files,
            Annotations.open(state / "annotations.db") as annotations,
        ):
            yield annotations, files


def place(converted: Path, folder: Path, kind: Format) -> None:
    """Move what a conversion wrote to the folder, in place of what an earlier one did."""
    # The converter makes a folder for images that it does not fetch.
    shutil.rmtree(converted / IMAGES, ignore_errors=True)
    if kind == "YOLO":
        names = (converted / "classes.txt").read_text(encoding="utf-8").splitlines()
        # JSON is YAML as well; programs that train want both parts to be there, and divide nothing by themselves.
        described = {"path": ".", "train": IMAGES, "val": IMAGES, "nc": len(names), "names": names}
        (converted / "data.yaml").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    for item in converted.iterdir():
        target = folder / item.name
        if target.is_dir():
            shutil.rmtree(target)
        item.replace(target)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() if value.strip():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)
        case _:
            return
