"""Whatever a file of tasks or predictions says: all of it is taken, or each mistake is told in a line."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli import task_files
from cli.errors import ProjectError
from cli.predictions import Checker, Tasks
from cli.task_files import Fields, TaskFolder
from tests.unit.projects.test_export import SOURCE, box
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# Python's JSON has halves of characters and numbers such as NaN, in any text.
TEXTS = st.text(st.characters())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just("a.jpg"),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS | st.just("image"), each, max_size=3),
    max_leaves=8,
)
ROWS = st.fixed_dictionaries({"image": st.just("a.jpg") | VALUES, "caption": VALUES})
LINES = st.fixed_dictionaries(
    {"file": st.just("a.jpg"), "model_version": st.just("1") | VALUES, "score": st.floats(0, 1) | VALUES},
    optional={"result": st.lists(st.just(box("cat")) | VALUES, max_size=2), "task": VALUES},
)
DEEP = "[" * 100_000
HALF = r'{"file": "a.jpg", "model_version": "\ud800", "score": 1, "result": []}'
CHECKER = Checker(LABELLING, Tasks.of([{"id": 1, "data": {"image": f"{SOURCE}a.jpg"}}], SOURCE))


def documents(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=80)


@given(st.sampled_from(task_files.SUFFIXES), documents(ROWS | st.lists(ROWS | VALUES, max_size=3)))
@example(".json", DEEP.encode())
@example(".jsonl", DEEP.encode())
@example(".json", rb'{"image": "a.jpg", "caption": "\ud800"}')
def test_tasks(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, made = Path(folder, f"tasks{suffix}"), Path(folder, "made")
        file.write_bytes(content)
        made.mkdir()
        known = TaskFolder({"a.jpg": file}, Fields(frozenset({"image", "caption"}), frozenset({"image"})), SOURCE)
        with suppress(ProjectError):
            for path, _ in known.write(task_files.read([(file, file.name)]), made):
                assert {"image", "caption"} <= json.loads(path.read_bytes())["data"].keys()


@given(documents(LINES | VALUES))
@example(DEEP.encode())
@example(HALF.encode())
def test_predictions(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "predictions.jsonl")
        file.write_bytes(content)
        with suppress(ProjectError):
            for prediction in CHECKER.read(file):
                assert json.dumps(prediction.body(), allow_nan=False, ensure_ascii=False).encode()
