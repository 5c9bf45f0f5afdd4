"""Redis and the object store of a living stack silent for half a minute: packets are dropped (make drills has more)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.page import LABELLING
from drills.drill import Subject
from drills.hangs import ANSWER_SECONDS, BACK_SECONDS, HEALTH, HEALTH_SECONDS, OK, PAGE, Hang, redis, store
from drills.load import Target, load, lost_annotations, lost_uploads
from tests.e2e.deployment import Deployment

TASKS = 20


@pytest.fixture(scope="module")
def project(dev_stack: Deployment) -> Iterator[int]:
    with dev_stack.session() as session:
        project = session.create_project("Silence", LABELLING)
        session.request("POST", f"/api/projects/{project}/import", json=[{"text": str(each)} for each in range(TASKS)])
        yield project
        session.request("DELETE", f"/api/projects/{project}/")


@pytest.fixture(scope="module")
def subject(dev_stack: Deployment, project: int) -> Subject:
    with dev_stack.session() as session:
        tasks = session.request("GET", f"/api/tasks?project={project}&page_size={TASKS}")["tasks"]
    url, email = str(dev_stack.outputs["url"]), str(dev_stack.outputs["administrator"])
    target = Target(url, email, lambda: dev_stack.password, [int(task["id"]) for task in tasks], project)
    return Subject(dev_stack, target, dict)


@pytest.mark.parametrize("hang", [Hang(redis, 6379, seconds=30), Hang(store, 9000, seconds=30)], ids=["redis", "store"])
def test_a_silent_service_holds_nobody_and_loses_nothing(hang: Hang, subject: Subject, project: int) -> None:
    with load(subject.target) as ledger:
        watch, restarts = hang.observed(subject, quiet=1, after=BACK_SECONDS)
    assert watch.statuses(PAGE) == watch.statuses(HEALTH) == {OK}
    assert watch.slowest(PAGE) < ANSWER_SECONDS
    assert watch.slowest(HEALTH) < HEALTH_SECONDS
    assert watch.back() < BACK_SECONDS
    assert restarts == 0
    assert sum(watch.hurt <= moment <= watch.released for moment in ledger.saved) >= 5
    assert lost_annotations(subject.target, project, ledger) == lost_uploads(subject.target, ledger) == set()
