"""Each line of a file of predictions is compared with the labelling configuration and the tasks of its project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.errors import ProjectError
from cli.predictions import Checker, Tasks
from tests.unit.projects.test_export import SOURCE, box
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TASKS: list[dict[str, Any]] = [
    {"id": 7, "data": {"image": f"{SOURCE}young/a.jpg"}, "predictions_model_versions": "1,2"},
    {"id": 8, "data": {"image": f"{SOURCE}b.jpg"}},
    *({"id": number, "data": {"image": f"{SOURCE}twice.jpg"}} for number in (9, 10)),
]
BOX = box("cat")


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(LABELLING, Tasks.of(TASKS, SOURCE))


def line(name: str, version: str = "1", **fields: Any) -> dict[str, Any]:
    return {"file": name, "model_version": version, "score": 0.75, "result": [BOX], **fields}


def written(folder: Path, *lines: dict[str, Any] | str) -> Path:
    file = folder / "predictions.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return file


def test_a_file_or_a_number_names_the_task(checker: Checker, tmp_path: Path) -> None:
    numbered = {key: value for key, value in line("").items() if key != "file"}
    read = checker.read(written(tmp_path, line("young/a.jpg"), line("b.jpg"), {**numbered, "task": 10}))
    assert [it.task for it in read] == [7, 8, 10]
    assert read[0].body() == {"task": 7, "model_version": "1", "score": 0.75, "result": [BOX]}


def test_what_a_version_of_the_model_has_predicted_stays(checker: Checker, tmp_path: Path) -> None:
    read = checker.read(written(tmp_path, line("young/a.jpg"), line("young/a.jpg", "3"), line("b.jpg")))
    assert [(it.task, it.model_version) for it in checker.missing(read)] == [(7, "3"), (8, "1")]


def test_a_version_that_is_in_the_file_twice_is_refused(checker: Checker, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="line 3: line 1 has the task and model version of this line already"):
        checker.read(written(tmp_path, line("b.jpg"), line("b.jpg", "2"), line("b.jpg")))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("[", "is no JSON (Expecting value: line 1 column 2 (char 1))"),
        ("[]", "must be an object such as"),
        (line("missing.jpg"), "no task is about the file 'missing.jpg'"),
        (line("twice.jpg"), "are about 'twice.jpg'; write task, one of them"),
        (line("b.jpg", task=7), "needs file, its name below the folder that was uploaded, or task, its number"),
        (line("b.jpg", scores=1), "has the unknown field scores; known are file, model_version"),
        (line("b.jpg", score=None), "score must be a number, such as 0.9"),
        (line("b.jpg", score=True), "score must be a number"),
        (line("b.jpg", version=""), "model_version must be a text without a comma"),
        (line("b.jpg", result={}), "result must be a list of regions"),
        (line("b.jpg", result=[{}]), "result[0]: from_name is missing"),
        (line("b.jpg", result=[BOX, {**BOX, "from_name": "x"}]), "result[1]: from_name must be one of "),
        (line("b.jpg", result=[{**BOX, "to_name": "x"}]), "to_name must be image, not 'x'"),
        (line("b.jpg", result=[{**BOX, "type": "choices"}]), "type must be rectanglelabels, as box is, not "),
        (line("b.jpg", result=[box("horse")]), "it has x, y, width, height, rotation, rectanglelabels, in percent; "),
        (
            line("b.jpg", result=[{**BOX, "value": {**BOX["value"], "width": 160}}]),
            "value does not fit <RectangleLabels name='box'>",
        ),
    ],
)
def test_one_wrong_line_is_told(wrong: dict[str, Any] | str, reason: str, checker: Checker, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as told:
        checker.read(written(tmp_path, line("b.jpg"), "", wrong, line("young/a.jpg")))
    first, *others = str(told.value).splitlines()
    assert first.startswith("nothing was imported, for 1 lines of ")
    assert len(others) == 1
    assert others[0].startswith("line 3: ")
    assert reason in others[0]


def test_each_wrong_line_is_told(checker: Checker, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as told:
        checker.read(written(tmp_path, *["{}"] * 150))
    first, *others = str(told.value).splitlines()
    assert "for 150 lines of " in first
    assert len(others) == 101
    assert others[-1] == "and 50 more"


def test_a_file_that_is_not_there_is_told(checker: Checker, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"missing\.jsonl cannot be read .No such file or directory."):
        checker.read(tmp_path / "missing.jsonl")
    (tmp_path / "model.pt").write_bytes(b"\x80\x02\xff")
    with pytest.raises(ProjectError, match=r"model\.pt cannot be read .it is no text in UTF-8."):
        checker.read(tmp_path / "model.pt")
