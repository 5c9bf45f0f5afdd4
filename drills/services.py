"""Redis, PostgreSQL or the store away for a minute."""

from __future__ import annotations

import time
from collections.abc import Mapping

from drills.drill import Drill, Judge, Observation, Subject
from drills.load import Ledger
from drills.pods import NONE_SECONDS, no_gap

AWAY_SECONDS = 60.0
BACK_SECONDS = 15.0
# One attempt to reach Redis ends after 5 seconds (time_limits.py); the request itself comes on top.
SAVED_SECONDS = 10.0


def _redis(subject: Subject) -> Judge:
    """Annotations must be taken while Redis is away: it only carries what happens afterwards."""
    with subject.target.session() as session, subject.redis.away(AWAY_SECONDS):
        began, task = time.monotonic(), subject.target.tasks[0]
        answer = session.http.post(
            f"/api/tasks/{task}/annotations/",
            json={"result": []},
            headers={"X-CSRFToken": session.http.cookies["csrftoken"], "Referer": session.url},
        )
        seconds = time.monotonic() - began

    def judge(ledger: Ledger) -> Observation:
        page = no_gap(ledger)
        told = f"{page.text}; an annotation meanwhile: {answer.status_code} after {seconds:.1f} s"
        return Observation(told, page.passed and answer.is_success and seconds <= SAVED_SECONDS)

    return judge


def _postgresql(subject: Subject) -> Judge:
    with subject.postgresql.away(AWAY_SECONDS):
        pass
    back = time.monotonic()
    subject.page.await_ready()

    def judge(ledger: Ledger) -> Observation:
        after = min((moment - back for moment in ledger.answered if moment > back), default=float("inf"))
        told = f"the page answered {after:.1f} s after PostgreSQL was ready, gap {ledger.gap():.0f} s"
        return Observation(told, after <= BACK_SECONDS)

    return judge


def _store(subject: Subject) -> Judge:
    with subject.store.away(AWAY_SECONDS):
        pass
    return no_gap


DRILLS: Mapping[str, Drill] = {
    "redis-away": Drill(
        f"no gap of the page; an annotation is saved within {SAVED_SECONDS:.0f} s meanwhile",
        _redis,
    ),
    "postgresql-away": Drill(f"the page answers within {BACK_SECONDS:.0f} s of PostgreSQL's return", _postgresql),
    "store-away": Drill(f"no gap of the page above {NONE_SECONDS:.0f} s", _store),
}
