"""Annotations as a target storage keeps them, converted to the formats of training programs."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from . import coco
from .errors import ProjectError

Format = Literal["COCO", "YOLO", "VOC", "CSV", "JSON", "JSON_MIN", "CONLL2003"]
FORMATS: tuple[Format, ...] = ("COCO", "YOLO", "VOC", "CSV", "JSON", "JSON_MIN", "CONLL2003")
# These name a file after the last part of an image's address.
FLAT_FORMATS = {"YOLO", "VOC"}
UNDEFINED = "$undefined$"
RESULT = "result.json"
CHUNK = 1000


@dataclass(frozen=True)
class Labelled:
    """What conversions need to know: names of images are relative to ``source``, such as s3://bucket/input/.

    ``moment`` is the time that formats give as that of their making, now if it is None.
    """

    label_config: str
    source: str
    moment: datetime | None = None


@contextmanager
def complete(directory: Path) -> Iterator[Path]:
    """A folder to write to, which takes the place of ``directory`` once all is written, and is deleted otherwise."""
    part = directory.with_name(f".{directory.name}.part")
    with writable(directory):
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            yield part
            shutil.rmtree(directory, ignore_errors=True)
            part.rename(directory)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def writable(directory: Path) -> Iterator[None]:
    """An error of the disk as a ProjectError that names the folder."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ProjectError(f"{directory} cannot be written ({reason}); what was downloaded is kept") from None


def convert(
    tasks: Iterable[dict[str, Any]],
    project: Labelled,
    kind: Format,
    directory: Path,
    converted: Callable[[], None] = lambda: None,
) -> Path:
    """Write the tasks to ``directory`` and return what was written; ``converted`` is called after each task."""
    directory.mkdir(parents=True, exist_ok=True)
    if kind == "JSON":
        return _write(directory / RESULT, _each(tasks, converted))
    for variable in ("LABEL_STUDIO_URL", "LABEL_STUDIO_HOST"):
        # With an address, the converter would ask Label Studio for every image.
        os.environ.pop(variable, None)
    # It imports half of the scientific stack, which nobody else should wait for, and has no types.
    sdk: Any = import_module("label_studio_sdk.converter")
    logging.getLogger("label_studio_sdk").setLevel(logging.ERROR)
    converter = sdk.Converter(config=project.label_config, project_dir=None, download_resources=False)
    if kind not in {str(it) for it in converter.supported_formats}:
        raise ProjectError(f"what this project labels cannot be written as {kind}; JSON, JSON_MIN and CSV always can")
    # Of several, the converter takes another one as the first in each run.
    converter._data_keys.sort(key=lambda key: (project.label_config.find(f"${key}"), key))
    data_key = converter._data_keys[0]
    read = converter.annotation_result_from_task
    converter.annotation_result_from_task = lambda task: _then(read(task), converted)
    prepared = (_prepared(task, data_key, project.source, kind) for task in tasks)
    parts, whole = _parts(converter, prepared, kind, directory), directory / ".whole.json"
    if kind == "JSON_MIN":
        _write(whole, (item for part in parts for item in part)).replace(directory / RESULT)
    elif kind == "COCO":
        coco.join(parts, project.source, whole, project.moment).replace(directory / RESULT)
    else:
        _run(converter, prepared, kind, directory)
    if kind == "YOLO" and project.moment:
        _date(directory / "notes.json", project.moment)
    return directory


def passes(kind: Format) -> int:
    """How often a conversion reads each task: CSV begins with the names of all columns."""
    return 2 if kind == "CSV" else 1


def flat(name: str) -> str:
    """The name of a file of ``FLAT_FORMATS``, which have no folders."""
    return name.replace("/", "__")


def _date(notes: Path, moment: datetime) -> None:
    document = json.loads(notes.read_text(encoding="utf-8"))
    document["info"]["year"] = moment.year
    notes.write_text(json.dumps(document, indent=2), encoding="utf-8")


def _each(items: Iterable[Any], done: Callable[[], None]) -> Iterator[Any]:
    for item in items:
        yield item
        done()


def _then(items: Iterable[Any], done: Callable[[], None]) -> Iterator[Any]:
    yield from items
    done()


def _run(converter: Any, tasks: Iterable[dict[str, Any]], kind: Format, directory: Path) -> None:
    given = _write(directory / ".tasks.json", tasks)
    try:
        converter.convert(str(given), str(_output(directory, kind)), kind, is_dir=False)
    finally:
        given.unlink()


def _parts(converter: Any, tasks: Iterator[dict[str, Any]], kind: Format, directory: Path) -> Iterator[Any]:
    """What becomes of some tasks at a time, for a converter that keeps all in memory; one result where is no task."""
    chunk = list(islice(tasks, CHUNK))
    while True:
        _run(converter, chunk, kind, directory)
        yield json.loads((directory / RESULT).read_text(encoding="utf-8"))
        if not (chunk := list(islice(tasks, CHUNK))):
            return


def _output(directory: Path, kind: Format) -> Path:
    return directory / "result.csv" if kind == "CSV" else directory


def _prepared(task: dict[str, Any], data_key: str, source: str, kind: Format) -> dict[str, Any]:
    data = {data_key if key == UNDEFINED else key: value for key, value in task["data"].items()}
    if kind in FLAT_FORMATS and isinstance(data.get(data_key), str):
        name = flat(data[data_key].removeprefix(source))
        data[data_key] = source + name if data[data_key].startswith(source) else data[data_key]
    return {**task, "data": data}


def _write(file: Path, items: Iterable[Any]) -> Path:
    """A list in JSON, one of its items in memory at a time."""
    with file.open("w", encoding="utf-8") as output:
        separator = "[\n"
        for item in items:
            output.write(separator + json.dumps(item, indent=2, ensure_ascii=False))
            separator = ",\n"
        output.write("\n]" if separator == ",\n" else "[]")
    return file
