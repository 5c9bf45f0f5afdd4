"""Redis, PostgreSQL or the store silent for a minute: packets are dropped, so that callers hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from drills.drill import Drill, Judge, Observation, Subject
from drills.faults import Workload
from drills.load import Ledger

SILENT_SECONDS = 60.0
# Seconds within which the page answers, whatever it says, and within which all is as before once the service is back.
ANSWER_SECONDS, BACK_SECONDS = 5.0, 5.0
HEALTH_SECONDS = 1.0
ASK_SECONDS = 0.5
# More than any answer may take.
PATIENCE_SECONDS = 60.0
PAGE, HEALTH = "/api/projects/", "/health"


@dataclass
class Watch:
    """Answers by path: when each came, after how many seconds, and its status, which is 0 where none came."""

    answers: dict[str, list[tuple[float, float, int]]] = field(default_factory=lambda: {PAGE: [], HEALTH: []})

    def slowest(self, path: str) -> float:
        """Seconds of the slowest answer."""
        return max((seconds for _, seconds, _ in self.answers[path]), default=float("inf"))

    def statuses(self, path: str) -> set[int]:
        """Each status that there was."""
        return {status for *_, status in self.answers[path]}

    def back(self, released: float) -> float:
        """Seconds from the release to the first of the answers to the page that are all good from then on."""
        later = [(moment, status) for moment, _, status in self.answers[PAGE] if moment >= released]
        bad = [number for number, (_, status) in enumerate(later) if status != httpx.codes.OK]
        good = later[bad[-1] + 1 :] if bad else later
        return good[0][0] - released if good else float("inf")


@contextmanager
def watched(subject: Subject) -> Iterator[Watch]:
    """Ask for the projects and for health, side by side, for as long as the block lasts."""
    watch, stop = Watch(), threading.Event()

    def ask(path: str, http: httpx.Client) -> None:
        while not stop.wait(ASK_SECONDS):
            began = time.monotonic()
            try:
                status = http.get(path, timeout=PATIENCE_SECONDS).status_code
            except httpx.HTTPError:
                status = 0
            now = time.monotonic()
            watch.answers[path].append((now, now - began, status))

    with subject.target.session() as session:
        threads = [threading.Thread(target=ask, args=(path, session.http), daemon=True) for path in watch.answers]
        for thread in threads:
            thread.start()
        try:
            yield watch
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE_SECONDS)


def _silent(
    choose: Callable[[Subject], Workload], port: int, statuses: set[int], health_seconds: float = HEALTH_SECONDS
) -> Callable[[Subject], Judge]:
    def hurt(subject: Subject) -> Judge:
        restarts = subject.page.restarts() + subject.worker.restarts()
        with watched(subject) as watch:
            with choose(subject).silent(port):
                time.sleep(SILENT_SECONDS)
            released = time.monotonic()
            time.sleep(2 * BACK_SECONDS)
        restarted = subject.page.restarts() + subject.worker.restarts() - restarts

        def judge(ledger: Ledger) -> Observation:
            page, health, back = watch.slowest(PAGE), watch.slowest(HEALTH), watch.back(released)
            told = (
                f"projects {sorted(watch.statuses(PAGE))} within {page:.1f} s, health {sorted(watch.statuses(HEALTH))} "
                f"within {health:.1f} s, {len(ledger.annotations)} annotations saved, back after {back:.1f} s, "
                f"{restarted} restarts"
            )
            passed = page <= ANSWER_SECONDS and health <= health_seconds and back <= BACK_SECONDS and not restarted
            known = watch.statuses(PAGE) <= statuses and watch.statuses(HEALTH) == {httpx.codes.OK}
            return Observation(told, passed and known)

        return judge

    return hurt


_OK, _UNAVAILABLE = int(httpx.codes.OK), int(httpx.codes.SERVICE_UNAVAILABLE)
_BACK = f"back within {BACK_SECONDS:.0f} s, no restart"
_HEALTH = f"the page answers within {ANSWER_SECONDS:.0f} s, health within {HEALTH_SECONDS:.0f} s"
DRILLS: Mapping[str, Drill] = {
    "redis-silent": Drill(f"{_HEALTH}; {_BACK}", _silent(lambda subject: subject.redis, 6379, {_OK})),
    "postgresql-silent": Drill(
        # Each process has a connection of its own, which it may be the first to use.
        f"page and health answer within {ANSWER_SECONDS:.0f} s, the page with 503 meanwhile; {_BACK}",
        _silent(lambda subject: subject.postgresql, 5432, {_OK, _UNAVAILABLE}, ANSWER_SECONDS),
    ),
    "store-silent": Drill(f"{_HEALTH}; {_BACK}", _silent(lambda subject: subject.store, 9000, {_OK})),
}
