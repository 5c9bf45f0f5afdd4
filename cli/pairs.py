"""Tasks made of the files of a folder themselves: those that have one name, whatever their suffix, are one task.

Label Studio makes tasks of media by itself, but not of texts, which have to be in the task, nor of images with texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext
from typing import Any

Files = Sequence[tuple[Path, str]]
# By the tag of the labelling configuration that shows them.
TEXTS = {"text": {".txt"}, "hypertext": {".html", ".htm"}}
IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".svg"}
AUDIO = {".wav", ".mp3", ".ogg", ".oga", ".flac", ".m4a", ".aac", ".opus"}
MEDIA = {
    "image": IMAGES,
    "audio": AUDIO,
    "audioplus": AUDIO,
    "video": {".mp4", ".webm", ".ogv", ".mov"},
    "pdf": {".pdf"},
}
KINDS = {**MEDIA, **TEXTS}


@dataclass(frozen=True)
class Row:
    """What a file says about one task at ``place``; with a ``problem`` it cannot be read."""

    place: str
    value: Any = None
    problem: str = ""


def rows(files: Files, tags: Mapping[str, str]) -> list[Row]:
    """A task for each name that files have without their suffix; none where fields cannot be told apart by suffixes."""
    if not _are_different(tags):
        return []
    named: dict[str, dict[str, list[tuple[Path, str]]]] = {}
    for path, name in files:
        if field := _field(name, tags):
            named.setdefault(splitext(name)[0], {}).setdefault(field, []).append((path, name))
    return [_row(name, found, tags) for name, found in sorted(named.items())]


def texts(files: Files, tags: Mapping[str, str]) -> Files:
    """The files whose content tasks have."""
    found = [(path, name, _field(name, tags)) for path, name in files] if _are_different(tags) else []
    return [(path, name) for path, name, field in found if field and tags[field] in TEXTS]


def _are_different(tags: Mapping[str, str]) -> bool:
    return {*tags.values()} <= KINDS.keys() and len({*tags.values()}) == len(tags)


def _field(name: str, tags: Mapping[str, str]) -> str | None:
    suffix = splitext(name)[1].lower()
    return next((field for field, tag in tags.items() if suffix in KINDS[tag]), None)


def _row(name: str, found: Mapping[str, Files], tags: Mapping[str, str]) -> Row:
    for field, tag in tags.items():
        if not (files := found.get(field)):
            [(_, other), *_] = next(iter(found.values()))
            suffixes = " or ".join(sorted(KINDS[tag]))
            return Row(other, problem=f"has no file {name} with {suffixes} beside it, for the field {field}")
        if len(files) > 1:
            return Row(files[1][1], problem=f"would be in one task with {files[0][1]}; give it another name")
    value = {}
    for field, [(path, file)] in found.items():
        try:
            value[field] = path.read_bytes().decode("utf-8-sig") if tags[field] in TEXTS else file
        except UnicodeDecodeError:
            return Row(file, problem="is no text in UTF-8")
    return Row(name, value)
