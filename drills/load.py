"""The constant load of a drill of annotations, uploads and requests, and the ledger of what was acknowledged."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import httpx

from bench.page import ANNOTATION
from tests.e2e.label_studio import Session

# Seconds between two of a kind; an annotation is two jobs for the worker.
ANNOTATION_SECONDS = 0.5
UPLOAD_SECONDS = 2.0
PROBE_SECONDS = 0.2
PATIENCE_SECONDS = 30.0


def longest(moments: Iterable[float]) -> float:
    """The longest time between two moments that follow each other, in seconds."""
    return max((later - earlier for earlier, later in pairwise(sorted(moments))), default=0.0)


@dataclass
class Ledger:
    """What was acknowledged, so that it must be found afterwards, and when the page answered."""

    annotations: set[int] = field(default_factory=set)
    # The number of a file, and the digest of its content.
    uploads: dict[int, str] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    # When annotations were acknowledged.
    saved: list[float] = field(default_factory=list)
    refused: int = 0

    def gap(self) -> float:
        """The longest time without an answer of the page, in seconds."""
        return longest(self.answered)


@dataclass(frozen=True)
class Target:
    """Where the load goes: the page, who logs in, and a project each for annotations and for uploads."""

    url: str
    email: str
    password: Callable[[], str]
    """As it is now: a drill may replace it."""
    tasks: list[int]
    uploads: int

    @contextmanager
    def session(self) -> Iterator[Session]:
        """The administrator, logged in."""
        with Session(self.url) as session:
            session.http.timeout = httpx.Timeout(PATIENCE_SECONDS)
            if session.log_in(self.email, self.password()).status_code != httpx.codes.FOUND:
                raise httpx.TransportError(session.url)
            yield session

    def project(self, session: Session) -> int:
        """The number of the project that is annotated."""
        return int(session.request("GET", f"/api/tasks/{self.tasks[0]}/")["project"])


@contextmanager
def load(target: Target) -> Iterator[Ledger]:
    """Threads that go on whatever the page answers, for as long as the block lasts."""
    ledger, stop = Ledger(), threading.Event()
    jobs = (_annotate, _upload, _probe)
    threads = [threading.Thread(target=_go_on, args=(job, target, ledger, stop), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield ledger
    finally:
        stop.set()
        for thread in threads:
            thread.join(2 * PATIENCE_SECONDS)


def _go_on(job: Callable[[Target, Ledger, threading.Event], None], *arguments: object) -> None:
    target, ledger, stop = arguments
    assert isinstance(target, Target)
    assert isinstance(ledger, Ledger)
    assert isinstance(stop, threading.Event)
    while not stop.is_set():
        try:
            job(target, ledger, stop)
        except (httpx.HTTPError, AssertionError, KeyError):
            ledger.refused += 1
            stop.wait(PROBE_SECONDS)


def _annotate(target: Target, ledger: Ledger, stop: threading.Event) -> None:
    with target.session() as session:
        while not stop.wait(ANNOTATION_SECONDS):
            task = target.tasks[len(ledger.annotations) % len(target.tasks)]
            made = session.request("POST", f"/api/tasks/{task}/annotations/", json=ANNOTATION)
            ledger.annotations.add(int(made["id"]))
            ledger.saved.append(time.monotonic())


def _upload(target: Target, ledger: Ledger, stop: threading.Event) -> None:
    with target.session() as session:
        while not stop.wait(UPLOAD_SECONDS):
            content = f"text\na cat at {time.monotonic_ns()}\n".encode()
            files = {"file": (f"{time.monotonic_ns()}.csv", content, "text/csv")}
            made = session.request("POST", f"/api/projects/{target.uploads}/import", files=files)
            [number] = made["file_upload_ids"]
            ledger.uploads[int(number)] = hashlib.sha256(content).hexdigest()


def _probe(target: Target, ledger: Ledger, stop: threading.Event) -> None:
    with httpx.Client(base_url=target.url, timeout=5) as http:
        while not stop.wait(PROBE_SECONDS):
            http.get("/user/login/").raise_for_status()
            ledger.answered.append(time.monotonic())


def lost_annotations(target: Target, project: int, ledger: Ledger) -> set[int]:
    """Acknowledged annotations that the page does not have; no export is asked, which may wait for a worker."""
    with target.session() as session:
        session.http.timeout = httpx.Timeout(120)
        query = f"project={project}&fields=all&page_size={len(target.tasks)}"
        tasks = session.request("GET", f"/api/tasks?{query}")["tasks"]
    return ledger.annotations - {int(each["id"]) for task in tasks for each in task["annotations"]}


def lost_uploads(target: Target, ledger: Ledger) -> set[int]:
    """Acknowledged uploads that the page does not have as they were."""
    lost = set()
    with target.session() as session:
        for number, digest in ledger.uploads.items():
            try:
                file = session.request("GET", f"/api/import/file-upload/{number}")["file"]
                found = session.http.get(f"/data/{file}", follow_redirects=True).raise_for_status().content
            except (httpx.HTTPError, AssertionError):
                found = b""
            if hashlib.sha256(found).hexdigest() != digest:
                lost.add(number)
    return lost
