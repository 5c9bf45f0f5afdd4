"""A worker killed while it exports, and Redis away while the page starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from bench.page import LABELLING
from drills.drill import Drill, Observation, Subject
from drills.load import Ledger
from local.cluster.api import wait
from tests.e2e.label_studio import Session

TASKS, CHUNK = 6000, 1000
EXPORT_SECONDS = 300.0
# Syncs and exports have one worker: others may come first.
BEGIN_SECONDS = 180.0
QUEUED = ("created", "in_progress")
Judge = Callable[[Ledger], Observation]


def _worker_in_export(subject: Subject) -> Judge:
    """Whoever waits for the file gets it, or a reason; whoever asks again gets it."""
    with subject.target.session() as session:
        project = session.create_project("Export", LABELLING)
        for first in range(0, TASKS, CHUNK):
            tasks = [{"text": f"{number}"} for number in range(first, first + CHUNK)]
            session.request("POST", f"/api/projects/{project}/import", json=tasks)
        query = f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"
        # Not followed: it only begins the job.
        first_answer = session.http.get(query)
        if first_answer.is_redirect:
            wait("the export to begin", lambda: any(_counters(session, project)), BEGIN_SECONDS)
        subject.worker.kill()
        subject.worker.await_ready()
        status, told = _exported(session, query)
        if status != httpx.codes.OK:
            status, _ = _exported(session, query)
    text = f"first answer: {told}; at last {status}"
    if not first_answer.is_redirect:
        text = f"the export had ended before the worker was killed ({first_answer.status_code})"
    return lambda _: Observation(text, status == httpx.codes.OK and first_answer.is_redirect)


def _counters(session: Session, project: int) -> list[dict[str, Any]]:
    return [each["counters"] for each in session.request("GET", f"/api/projects/{project}/exports/")]


def _exported(session: Session, query: str) -> tuple[int, str]:
    """The status in the end, and what it says."""
    until = time.monotonic() + EXPORT_SECONDS
    address = query
    while time.monotonic() < until:
        answer = session.http.get(address, timeout=60)
        if not answer.is_redirect:
            told = "the file" if answer.is_success else str(answer.json().get("detail", answer.status_code))
            return answer.status_code, told
        address = answer.headers["Location"].partition("&round=")[0]
    return 0, f"none within {EXPORT_SECONDS:.0f} s"


def _redis_at_start(subject: Subject) -> Judge:
    """A page that started without Redis must queue once it is back: a snapshot made in the request is complete."""
    with subject.redis.away(0):
        subject.worker.kill()
        subject.page.kill()
        subject.page.await_ready()
    subject.worker.await_ready()
    with subject.target.session() as session:
        snapshot = session.request("POST", f"/api/projects/{subject.target.uploads}/exports/", json={"title": "queued"})
    told = "queues" if snapshot["status"] in QUEUED else f"runs jobs inside of requests ({snapshot['status']})"
    return lambda _: Observation(f"the page {told}", snapshot["status"] in QUEUED)


DRILLS: Mapping[str, Drill] = {
    "worker-killed-in-export": Drill("the file, or a reason and the file for who asks again", _worker_in_export),
    "redis-away-at-start": Drill("jobs are queued once Redis is back, without a restart", _redis_at_start),
}
