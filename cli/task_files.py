"""Files of tasks beside the media that they name, as objects of which Label Studio makes one task each.

It reads an object once and never again, whatever becomes of it. So each task is an object of its own, called after its
content: what is uploaded again is the same object, and a new row of a file is a new one.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from posixpath import normpath
from typing import Any

from .errors import ProjectError, listed
from .json_values import unwritable
from .pairs import Files, Row, rows

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (".json", ".jsonl", *DELIMITERS)
# Tags whose values are addresses unless valueType is json; the values of other tags are addresses where it is url.
MEDIA = {"audio", "audioplus", "image", "pdf", "timeseries", "video"}
NO_TAGS: Mapping[str, str] = {}
# Hexadecimal digits of SHA-256, enough to tell any tasks apart.
DIGITS = 32


@dataclass(frozen=True)
class Fields:
    """The fields of tasks that a labelling configuration shows, those of them that name media, and by which tags.

    ``tags`` are in lower case, the first one where several show a field.
    """

    shown: frozenset[str]
    media: frozenset[str]
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, label_config: str) -> Fields:
        """Those of a labelling configuration; parts of fields, such as ``$pages[0]``, are not looked at."""
        # It imports half of the scientific stack, which nobody else should wait for, and has no types.
        interface: Any = import_module("label_studio_sdk.label_interface").LabelInterface(label_config)
        tags = [tag for tag in interface.objects if re.fullmatch(r"\$[\w-]+", tag.value)]
        media = {tag.value_name for tag in tags if _is_media(tag.tag.lower(), (tag.value_type or "").lower())}
        # A text at an address is no text in the task.
        kinds = {
            tag.value_name: f"{tag.tag.lower()}{' by url' if (tag.value_type or '').lower() == 'url' else ''}"
            for tag in reversed(tags)
        }
        return cls(frozenset(kinds), frozenset(media), kinds)


@dataclass
class TaskFolder:
    """The files of a folder by name, for a project whose source is such as s3://bucket/input/.

    ``named`` are those that tasks name, once they were written.
    """

    files: Mapping[str, Path]
    fields: Fields
    source: str
    named: set[str] = field(default_factory=set)

    def write(self, rows: Iterable[Row], target: Path) -> list[tuple[Path, str]]:
        """Write each task to a file of ``target``; ProjectError with a line for each mistake of all rows."""
        made: dict[str, Path] = {}
        problems: list[str] = []
        for row in rows:
            if found := [row.problem] if row.problem else list(self._problems(row.value)):
                problems += [f"{row.place}: {problem}" for problem in found]
                continue
            content = json.dumps(self._task(row.value), ensure_ascii=False, sort_keys=True).encode()
            name = f"task-{sha256(content).hexdigest()[:DIGITS]}.json"
            made[name] = target / name
            made[name].write_bytes(content)
        if problems:
            raise ProjectError(f"nothing was uploaded, for tasks have {len(problems)} mistakes:{listed(problems)}")
        return [(path, name) for name, path in made.items()]

    def media(self) -> list[tuple[Path, str]]:
        """The files that tasks name."""
        return [(self.files[name], name) for name in sorted(self.named)]

    def _problems(self, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield 'must be an object such as {"image": "images/a.jpg"}'
            return
        data = _data(value)
        for name in sorted(self.fields.shown):
            if name not in data:
                yield f"has no field {name}, which the labelling configuration shows"
            elif name in self.fields.media:
                yield from (f"{name}: {problem}" for each in _each(data[name]) if (problem := self._problem(each)))
        if problem := unwritable(value):
            yield problem

    def _problem(self, value: Any) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return f"must be the name of a file, not {value!r}"
        if _is_address(value) or normpath(value) in self.files:
            return None
        return f"the folder has no file {value!r}, and it is no address such as s3://bucket/a.jpg"

    def _task(self, value: dict[str, Any]) -> dict[str, Any]:
        found = _data(value)
        data = {key: self._located(it) if key in self.fields.media else it for key, it in found.items()}
        return {"data": data} if found is value else {**value, "data": data}

    def _located(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._located(each) for each in value]
        if _is_address(value):
            return value
        self.named.add(name := normpath(value))
        return self.source + name


def of_tasks(files: Files) -> Files:
    """The files of tasks in a folder: those that are called tasks*.csv and so on, and lie in no folder below it."""
    return [(path, name) for path, name in files if re.fullmatch(r"tasks[^/]*", name) and path.suffix in SUFFIXES]


def read(files: Files, tags: Mapping[str, str] = NO_TAGS) -> Iterator[Row]:
    """What the files of tasks in a folder say, or a task for each of its files where there are no such ones.

    ProjectError where there are neither, or one cannot be read.
    """
    if not (found := of_tasks(files)):
        if paired := rows(files, tags):
            yield from paired
            return
        known = ", ".join(f"tasks{suffix}" for suffix in SUFFIXES)
        raise ProjectError(f"this project makes tasks of what a file says, and the folder has none of {known}")
    for path, name in found:
        try:
            yield from _rows(path, name)
        except (OSError, ValueError, RecursionError, csv.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ProjectError(f"{name} cannot be read ({reason})") from None


def check_filter(pattern: str | None, prefix: str, media: Files, tasks: Files) -> None:
    """ProjectError where the source would miss tasks or take media for tasks; the pattern is one of whole keys."""
    is_read = re.compile(pattern or "").match
    missed = [name for _, name in tasks if not is_read(prefix + name)]
    taken = [name for _, name in media if is_read(prefix + name)]
    if wrong := [*missed, *taken]:
        raise ProjectError(
            f"source.fileFilterRegex must match tasks and no media, and {pattern or 'none'} is wrong for {wrong[0]}: "
            "write .*task-[0-9a-f]*[.]json$ and run pulumi up"
        )


def _rows(path: Path, name: str) -> Iterator[Row]:
    # Excel begins each file with a mark of the byte order.
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix in DELIMITERS:
            yield from _table(csv.reader(file, delimiter=DELIMITERS[path.suffix], strict=True), name)
        elif path.suffix == ".jsonl":
            yield from (_line(f"{name}, line {number}", line) for number, line in enumerate(file, 1) if line.strip())
        else:
            value = json.load(file)
            tasks = value if isinstance(value, list) else [value]
            yield from (Row(f"{name}, task {number}", task) for number, task in enumerate(tasks, 1))


def _table(lines: Any, name: str) -> Iterator[Row]:
    header: list[str] = next(lines, [])
    if not all(header) or not header or len({*header}) < len(header):
        raise ValueError("its first line must name each column, and each one once")
    for cells in lines:
        place = f"{name}, line {lines.line_num}"
        if len(cells) == len(header):
            yield Row(place, dict(zip(header, cells, strict=True)))
        elif cells:
            yield Row(place, problem=f"has {len(cells)} columns, and the first line {len(header)}")


def _line(place: str, line: str) -> Row:
    try:
        return Row(place, json.loads(line))
    except (ValueError, RecursionError) as error:
        return Row(place, problem=f"is no JSON ({error})")


def _data(task: dict[str, Any]) -> dict[str, Any]:
    """The fields of a task, which may have annotations and predictions beside them as in Label Studio's JSON."""
    data = task.get("data")
    return data if isinstance(data, dict) else task


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_media(tag: str, value_type: str) -> bool:
    return value_type == "url" or (tag in MEDIA and value_type != "json")


def _is_address(value: str) -> bool:
    return "://" in value or value.startswith("data:")
