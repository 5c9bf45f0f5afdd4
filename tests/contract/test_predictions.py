"""Predictions from a file to the released packages of Label Studio: all lines that are right, or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import data
from cli.errors import ProjectError
from cli.page import Page
from cli.stack import Place, Project, SecretKey
from tests.contract.label_studio import VERSIONS, served
from tests.unit.projects.test_export import box
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SOURCE = "s3://projects/cats/input/"
# More than one page of the list of tasks.
NAMES = [f"young/{number}.jpg" for number in range(105)] + ["twice.jpg", "twice.jpg"]
LOGIN = {"email": "projects@example.com", "password": "password"}
Predict = Callable[..., str]


@pytest.fixture(scope="module", params=VERSIONS)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    project = {"label_config": LABELLING, "tasks": [{"image": SOURCE + name} for name in NAMES]}
    with served(request.param, tmp_path_factory.mktemp("page"), project) as found:
        yield found


@pytest.fixture
def predict(page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Predict:
    """The command, for a page without a cluster; returns what it printed."""
    place = Place("projects", "cats/input/", "us-east-1", None, None, None, None, None)
    account = (SecretKey("account", "email"), SecretKey("account", "password"))
    project = Project("cats", "ls-cats", "ls-cats-sync", place, None, None, account, service="page")
    cluster = SimpleNamespace(
        namespace="ls",
        run_job=lambda *_: json.dumps({"project": page["project"], "tasks": 0, "address": ""}),
        declaration=lambda _: {"label_config": LABELLING},
        service=lambda *_: nullcontext(page["port"]),
        secret=lambda key: LOGIN[key.key],
    )
    monkeypatch.setattr(data, "declared", lambda *_: (cluster, project))
    monkeypatch.setattr(data, "BATCH", 2)

    def run(*lines: dict[str, Any]) -> str:
        file = tmp_path / "predictions.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)))
        capsys.readouterr()
        data.predictions(SimpleNamespace(), "cats", file)  # type: ignore[arg-type]
        return capsys.readouterr().out

    return run


def line(name: str, version: str = "1", **fields: Any) -> dict[str, Any]:
    return {"file": name, "model_version": version, "score": 0.75, "result": [box("cat")], **fields}


def stored(page: Any) -> list[dict[str, Any]]:
    session = Page(f"http://127.0.0.1:{page['port']}")
    session.log_in(**LOGIN)
    found: list[dict[str, Any]] = session._send("GET", "/api/predictions", params={"project": page["project"]}).json()
    return sorted(found, key=lambda it: (it["task"], it["model_version"]))


def test_each_task_gets_its_prediction_once(page: Any, predict: Predict) -> None:
    before = len(stored(page))
    lines = [line(NAMES[0]), line(NAMES[104]), {**line(""), "task": page["tasks"][106]}]
    del lines[2]["file"]
    assert "3 predictions were imported; 0 were there already" in predict(*lines)
    found = stored(page)[-3:]
    assert [it["task"] for it in found] == [page["tasks"][number] for number in (0, 104, 106)]
    assert {(it["model_version"], it["score"]) for it in found} == {("1", 0.75)}
    assert found[0]["result"] == [box("cat")]
    assert "1 predictions were imported; 3 were there already" in predict(*lines, line(NAMES[0], "2"))
    assert len(stored(page)) == before + 4


def test_nothing_is_imported_where_a_line_is_wrong(page: Any, predict: Predict) -> None:
    before = len(stored(page))
    with pytest.raises(ProjectError) as told:
        predict(line(NAMES[3]), line("missing.jpg"), line("twice.jpg", score="high"))
    first, *others = str(told.value).splitlines()
    assert first.startswith("nothing was imported, for 2 lines of ")
    assert others == [
        "line 2: no task is about the file 'missing.jpg'; make sync makes tasks of what was uploaded",
        "line 3: score must be a number, such as 0.9",
    ]
    assert len(stored(page)) == before


def test_an_unknown_account_is_told(page: Any) -> None:
    with pytest.raises(ProjectError, match="does not know the account for declared projects; run pulumi up"):
        Page(f"http://127.0.0.1:{page['port']}").log_in("projects@example.com", "wrong")


def test_a_refusal_has_the_reason(page: Any) -> None:
    session = Page(f"http://127.0.0.1:{page['port']}")
    session.log_in(**LOGIN)
    with pytest.raises(ProjectError, match=r"Label Studio refuses POST /api/projects/\d+/import/predictions: 400 .+"):
        session.import_predictions(page["project"], [{"task": 123456, "result": []}])
