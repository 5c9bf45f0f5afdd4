"""Annotations as a target storage keeps them, converted to the formats of training programs."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from .errors import ProjectError

Format = Literal["COCO", "YOLO", "VOC", "CSV", "JSON"]
FORMATS: tuple[Format, ...] = ("COCO", "YOLO", "VOC", "CSV", "JSON")
# These name a file after the last part of an image's address.
FLAT_FORMATS = {"YOLO", "VOC"}
UNDEFINED = "$undefined$"
RESULT = "result.json"


def tasks_of(annotations: Iterable[bytes]) -> list[dict[str, Any]]:
    """One task with all its annotations for each task that an annotation's object holds."""
    tasks: dict[int, dict[str, Any]] = {}
    for content in annotations:
        annotation = json.loads(content)
        task = annotation.pop("task")
        tasks.setdefault(task["id"], {**task, "annotations": []})["annotations"].append(annotation)
    return [tasks[number] for number in sorted(tasks)]


def convert(tasks: list[dict[str, Any]], label_config: str, source: str, kind: Format, directory: Path) -> Path:
    """Write the tasks to ``directory``; names of images are relative to ``source``, such as s3://bucket/input/."""
    directory.mkdir(parents=True, exist_ok=True)
    if kind == "JSON":
        return _write(directory / RESULT, tasks)
    for variable in ("LABEL_STUDIO_URL", "LABEL_STUDIO_HOST"):
        # With an address, the converter would ask Label Studio for every image.
        os.environ.pop(variable, None)
    # It imports half of the scientific stack, which nobody else should wait for, and has no types.
    sdk: Any = import_module("label_studio_sdk.converter")
    logging.getLogger("label_studio_sdk").setLevel(logging.ERROR)
    converter = sdk.Converter(config=label_config, project_dir=None, download_resources=False)
    if kind not in {str(it) for it in converter.supported_formats}:
        raise ProjectError(f"what this project labels cannot be written as {kind}; JSON and CSV always can")
    data_key = converter._data_keys[0]
    given = _write(directory / ".tasks.json", [_prepared(task, data_key, source, kind) for task in tasks])
    try:
        converter.convert(str(given), str(_output(directory, kind)), kind, is_dir=False)
    finally:
        given.unlink()
    if kind == "COCO":
        _make_names_relative(directory / RESULT, source)
    return directory


def _output(directory: Path, kind: Format) -> Path:
    return directory / "result.csv" if kind == "CSV" else directory


def _prepared(task: dict[str, Any], data_key: str, source: str, kind: Format) -> dict[str, Any]:
    data = {data_key if key == UNDEFINED else key: value for key, value in task["data"].items()}
    if kind in FLAT_FORMATS and isinstance(data.get(data_key), str):
        name = data[data_key].removeprefix(source).replace("/", "__")
        data[data_key] = source + name if data[data_key].startswith(source) else data[data_key]
    return {**task, "data": data}


def _make_names_relative(file: Path, source: str) -> None:
    result = json.loads(file.read_text(encoding="utf-8"))
    for image in result["images"]:
        image["file_name"] = image["file_name"].removeprefix(source)
    _write(file, result)


def _write(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    return file
