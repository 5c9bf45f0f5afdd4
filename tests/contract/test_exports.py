"""The page's export by a job, in the released packages of Label Studio: what their own view gives out, and why not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.contract.label_studio import VERSIONS, probe

FORMATS = ("JSON", "JSON_MIN", "CSV", "COCO", "YOLO", "VOC")
DELIVERED = "Exported by the page, delivered"


@pytest.fixture(scope="module", params=VERSIONS)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("exports")
    # Nobody listens there: the probe runs each job at once.
    location = "redis://127.0.0.1:1/0"
    found: dict[str, Any] = probe(request.param, "exports", folder, {"formats": FORMATS}, REDIS_LOCATION=location)
    return found


def comparable(answer: Any) -> Any:
    """Without the moment at which COCO was written, and JSON without its blanks and order."""
    status, content = answer
    assert status == 200, answer
    if isinstance(content, str) and content.startswith('[{"id"'):
        return sorted(json.loads(content), key=lambda task: int(task["id"]))
    return re.sub(r'\\"date_created\\": \\"[^"]*"', "", json.dumps(content))


@pytest.mark.parametrize("name", [*FORMATS, "all", "ids"])
def test_a_job_gives_out_what_the_release_itself_does(name: str, answers: dict[str, Any]) -> None:
    assert comparable(answers["job"][name]) == comparable(answers["upstream"][name])
    assert answers["job"][name][1]


def test_the_job_is_a_snapshot_that_says_how_far_it_is(answers: dict[str, Any]) -> None:
    annotated, every, chosen = 30, 40, 2
    counts = [*[annotated] * len(FORMATS), every, chosen]
    assert answers["snapshots"] == [
        [DELIVERED, "completed", {"task_number": count, "tasks": count}] for count in counts
    ]


def test_more_tasks_are_no_more_queries(answers: dict[str, Any]) -> None:
    few, many = answers["queries"]
    assert few == many


def test_a_format_that_the_project_does_not_have_is_refused(answers: dict[str, Any]) -> None:
    status, detail = answers["refused"]
    assert status == 400
    assert detail.startswith("What this project labels cannot be exported as CONLL2003: choose JSON, ")


def test_without_a_queue_nothing_is_started(answers: dict[str, Any]) -> None:
    status, detail = answers["without a queue"]
    assert status == 503
    assert detail.startswith("The job queue (Redis) does not answer")


def test_a_failure_says_why_and_the_next_export_begins_anew(answers: dict[str, Any]) -> None:
    assert answers["failed"] == [500, "The export failed: OSError: no space left. Press Export to try again."]
    assert answers["again"] == 200
    reason = {"task_number": 30, "tasks": 30, "error": "OSError: no space left"}
    assert answers["last"] == [
        ["Exported by the page, failed", "failed", reason],
        [DELIVERED, "completed", {"task_number": 30, "tasks": 30}],
    ]
