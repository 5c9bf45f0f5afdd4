"""Predictions in a file, a line of JSON for each, checked against a project before anything is imported."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import ProjectError, listed
from .json_values import unwritable

FIELDS = {"file", "task", "model_version", "score", "result"}
REGION = ("from_name", "to_name", "type", "value")


class LineError(Exception):
    """What is wrong with one line."""


@dataclass(frozen=True)
class Prediction:
    """What Label Studio imports for one task."""

    task: int
    model_version: str
    score: float
    result: list[dict[str, Any]]

    def body(self) -> dict[str, Any]:
        """The fields of Label Studio's API."""
        return {"task": self.task, "model_version": self.model_version, "score": self.score, "result": self.result}


@dataclass
class Tasks:
    """The tasks of a project: by number with the versions of models that predicted them, and by the files they name."""

    versions: dict[int, set[str]] = field(default_factory=dict)
    named: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, tasks: Iterable[Mapping[str, Any]], source: str) -> Tasks:
        """``source`` is what the addresses of files begin with."""
        found = cls()
        for task in tasks:
            number, versions = int(task["id"]), str(task.get("predictions_model_versions") or "")
            found.versions[number] = {*versions.split(",")}
            for value in task["data"].values():
                if isinstance(value, str) and value.startswith(source):
                    found.named[value.removeprefix(source)].append(number)
        return found

    def number(self, line: Mapping[str, Any]) -> int:
        """The task that a line is about."""
        if ("file" in line) == ("task" in line):
            raise LineError("needs file, its name below the folder that was uploaded, or task, its number; not both")
        if "task" in line:
            if type(line["task"]) is not int or line["task"] not in self.versions:
                raise LineError(f"the project has no task {line['task']!r}")
            return int(line["task"])
        numbers = self.named.get(line["file"], []) if isinstance(line["file"], str) else []
        if not numbers:
            raise LineError(f"no task is about the file {line['file']!r}; make sync makes tasks of what was uploaded")
        if len(numbers) > 1:
            raise LineError(f"tasks {', '.join(map(str, numbers))} are about {line['file']!r}; write task, one of them")
        return numbers[0]


class Checker:
    """Compares predictions with the labelling configuration and the tasks of a project."""

    def __init__(self, label_config: str, tasks: Tasks) -> None:
        # It imports half of the scientific stack, which nobody else should wait for, and has no types.
        interface: Any = import_module("label_studio_sdk.label_interface").LabelInterface(label_config)
        self._controls = {control.name: control for control in interface.controls}
        self._tasks = tasks

    def read(self, file: Path) -> list[Prediction]:
        """The predictions of a file; ProjectError with a line for each mistake."""
        found: dict[tuple[int, str], int] = {}
        read: list[Prediction] = []
        problems: list[str] = []
        for number, line in _lines(file):
            try:
                read.append(one := self._prediction(line))
                if (before := found.setdefault((one.task, one.model_version), number)) != number:
                    raise LineError(f"line {before} has the task and model version of this line already")
            except LineError as error:
                problems.append(f"line {number}: {error}")
        if problems:
            raise ProjectError(
                f"nothing was imported, for {len(problems)} lines of {file} are wrong:{listed(problems)}"
            )
        return read

    def missing(self, predictions: Iterable[Prediction]) -> list[Prediction]:
        """Those whose task has no prediction of that version of the model yet."""
        return [it for it in predictions if it.model_version not in self._tasks.versions[it.task]]

    def _prediction(self, line: str) -> Prediction:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LineError(f"is no JSON ({error})") from None
        if not isinstance(value, dict):
            raise LineError(
                'must be an object such as {"file": "a.jpg", "model_version": "1", "score": 1, "result": []}'
            )
        if unknown := sorted(value.keys() - FIELDS):
            raise LineError(f"has the unknown field {unknown[0]}; known are {', '.join(sorted(FIELDS))}")
        version, score, result = value.get("model_version"), value.get("score"), value.get("result")
        if not isinstance(version, str) or not version.strip() or "," in version:
            raise LineError("model_version must be a text without a comma, such as 2026-11-27")
        if not isinstance(score, int | float) or isinstance(score, bool) or not math.isfinite(score):
            raise LineError("score must be a number, such as 0.9")
        if problem := unwritable(value):
            raise LineError(problem)
        if not isinstance(result, list):
            raise LineError("result must be a list of regions, as in Label Studio's JSON")
        for place, region in enumerate(result):
            if problem := self._problem(region):
                raise LineError(f"result[{place}]: {problem}")
        return Prediction(self._tasks.number(value), version, float(score), result)

    def _problem(self, region: Any) -> str | None:
        """Why the labelling configuration does not have such a region."""
        if not isinstance(region, dict) or (absent := [key for key in REGION if key not in region]):
            return f"needs {', '.join(REGION)}" if not isinstance(region, dict) else f"{absent[0]} is missing"
        control = self._controls.get(region["from_name"])
        if control is None:
            return f"from_name must be one of {', '.join(sorted(self._controls))}, not {region['from_name']!r}"
        if region["to_name"] not in control.to_name:
            return f"to_name must be {' or '.join(control.to_name)}, not {region['to_name']!r}"
        if region["type"] != control.tag.lower():
            return f"type must be {control.tag.lower()}, as {control.name} is, not {region['type']!r}"
        return self._problem_of_value(control, region["value"])

    @staticmethod
    def _problem_of_value(control: Any, value: Any) -> str | None:
        if isinstance(value, dict) and control.validate_value(value):
            return None
        known = f"; labels are {', '.join(control.labels)}" if getattr(control, "labels", None) else ""
        fields = ", ".join(control._value_class.model_fields)
        return f"value does not fit <{control.tag} name={control.name!r}>: it has {fields}, in percent{known}"


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        with file.open(encoding="utf-8") as lines:
            yield from ((number, text) for number, line in enumerate(lines, 1) if (text := line.strip()))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ProjectError(f"{file} cannot be read ({reason})") from None
