"""A worker killed while it exports, and Redis away while the page starts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from tenacity import retry, stop_after_delay, wait_fixed

from bench.page import LABELLING
from drills.drill import Drill, Judge, Observation, Subject
from drills.load import Target
from local.cluster.api import wait
from tests.e2e.label_studio import Session

TASKS, CHUNK = 6000, 1000
EXPORT_SECONDS = 300.0
# Syncs and exports have one worker: others may come first.
BEGIN_SECONDS = 180.0
# More than from one question whether Redis is back to the next (background_probes.py).
BACK_SECONDS = 5.0
QUEUED = ("created", "in_progress")


def _worker_in_export(subject: Subject) -> Judge:
    """Whoever waits for the file gets it, or a reason; whoever asks again gets it."""
    with subject.target.session() as session:
        project = project_of(session, TASKS)
        query = f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"
        with ThreadPoolExecutor() as person:
            # The page holds the answer back for a while: the export may end before that.
            answer = person.submit(_export, subject.target, query)
            wait("the export to begin", lambda: any(_counters(session, project)), BEGIN_SECONDS)
            subject.worker.kill()
            in_time = not answer.done()
            subject.worker.await_ready()
            status, told = answer.result()
        if status != httpx.codes.OK:
            status, _ = _export(subject.target, query)
    text = f"first answer: {told}; at last {status}"
    if not in_time:
        text = "the export had ended before the worker was killed"
    return lambda _: Observation(text, status == httpx.codes.OK and in_time)


def project_of(session: Session, tasks: int) -> int:
    """A project with so many tasks, in thousands."""
    project = session.create_project("Export", LABELLING)
    for first in range(0, tasks, CHUNK):
        chunk = [{"text": f"{number}"} for number in range(first, first + CHUNK)]
        session.request("POST", f"/api/projects/{project}/import", json=chunk)
    return project


def _counters(session: Session, project: int) -> list[dict[str, Any]]:
    return [each["counters"] for each in session.request("GET", f"/api/projects/{project}/exports/")]


def _export(target: Target, query: str) -> tuple[int, str]:
    """The status in the end, and what it says."""
    until = time.monotonic() + EXPORT_SECONDS
    address = query
    with target.session() as session:
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
    back = time.monotonic()
    with subject.target.session() as session:
        snapshot = _snapshot(session, subject.target.uploads)
    seconds = time.monotonic() - back
    told = "queues" if snapshot["status"] in QUEUED else f"runs jobs inside of requests ({snapshot['status']})"
    return lambda _: Observation(f"the page {told} {seconds:.1f} s after Redis was ready", snapshot["status"] in QUEUED)


@retry(stop=stop_after_delay(BACK_SECONDS), wait=wait_fixed(0.5), reraise=True)
def _snapshot(session: Session, project: int) -> dict[str, Any]:
    """Ask until the page has seen that Redis is back; AssertionError if it does not in time."""
    found: dict[str, Any] = session.request("POST", f"/api/projects/{project}/exports/", json={"title": "queued"})
    return found


DRILLS: Mapping[str, Drill] = {
    "worker-killed-in-export": Drill("the file, or a reason and the file for who asks again", _worker_in_export),
    "redis-away-at-start": Drill("jobs are queued once Redis is back, without a restart", _redis_at_start),
}
