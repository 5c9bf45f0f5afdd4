"""Annotations saved, edited and deleted while worker, Redis and PostgreSQL go: the bucket equals the database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from bench.page import ANNOTATION
from drills.drill import Drill, Judge, Observation, Subject
from drills.load import Ledger, Target
from tests.e2e.label_studio import Session

ANNOTATIONS = 2000
CLIENTS = 4
# Of the annotations, one in so many is edited, or deleted.
EDITED, DELETED = 4, 7
AWAY_SECONDS = 45.0
# What was refused is tried again after a while.
PAUSE_SECONDS = 2.0
# Until the bucket must equal the database.
SETTLE_SECONDS = 600.0
POLL_SECONDS = 10.0


def _through_faults(subject: Subject) -> Judge:
    """Worker, Redis and PostgreSQL go in turn for as long as people need to save their annotations."""
    saved: list[int] = []
    faults = 0
    with ThreadPoolExecutor(CLIENTS) as people:
        working = [people.submit(_annotate, subject.target, saved) for _ in range(CLIENTS)]
        while not all(each.done() for each in working):
            _fault(subject, faults)
            faults += 1
    refused, ended = sum(each.result() for each in working), time.monotonic()

    def judge(_: Ledger) -> Observation:
        different = _different(subject, ended + SETTLE_SECONDS)
        seconds = time.monotonic() - ended
        told = f"{len(saved)} saved, {faults} faults, {refused} requests refused; {different} differ"
        return Observation(f"{told} after {seconds:.0f} s", different == 0)

    return judge


def _fault(subject: Subject, number: int) -> None:
    """The next one of three, until what it hit is back."""
    if number % 3 == 0:
        subject.worker.kill()
        subject.worker.await_ready()
        return
    with (subject.redis, subject.postgresql)[number % 3 - 1].away(AWAY_SECONDS):
        pass


def _annotate(target: Target, saved: list[int]) -> int:
    """Save until all are saved, with edits and deletions in between; how often the page refused."""
    refused = 0
    while len(saved) < ANNOTATIONS:
        try:
            with target.session() as session:
                while len(saved) < ANNOTATIONS:
                    saved.append(_save(session, target.tasks[len(saved) % len(target.tasks)]))
                    _change(session, saved[-1], len(saved))
        except (httpx.HTTPError, AssertionError, KeyError):
            refused += 1
            time.sleep(PAUSE_SECONDS)
    return refused


def _save(session: Session, task: int) -> int:
    return int(session.request("POST", f"/api/tasks/{task}/annotations/", json=ANNOTATION)["id"])


def _change(session: Session, annotation: int, count: int) -> None:
    path = f"/api/annotations/{annotation}/"
    if count % DELETED == 0:
        session.request("DELETE", path)
    elif count % EDITED == 0:
        session.request("PATCH", path, json={"result": []})


def _different(subject: Subject, until: float) -> int:
    """Annotations that the bucket has not, or not as the database has them, or has although they are deleted."""
    while True:
        saved, exported = _saved(subject.target), subject.exported()
        different = {each for each in saved | exported if saved.get(each) != exported.get(each)}
        if not different or time.monotonic() > until:
            return len(different)
        time.sleep(POLL_SECONDS)


def _saved(target: Target) -> dict[int, Any]:
    """What the database has of each annotation."""
    with target.session() as session:
        session.http.timeout = httpx.Timeout(120)
        [task, *_] = target.tasks
        project = session.request("GET", f"/api/tasks/{task}/")["project"]
        query = f"project={project}&fields=all&page_size={len(target.tasks)}"
        tasks = session.request("GET", f"/api/tasks?{query}")["tasks"]
    return {int(each["id"]): each["result"] for task in tasks for each in task["annotations"]}


DRILLS: Mapping[str, Drill] = {
    "targets-through-faults": Drill(
        f"{SETTLE_SECONDS / 60:.0f} minutes later the bucket equals the database", _through_faults
    ),
}
