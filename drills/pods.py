"""Each pod deleted at once (grace period 0)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drills.drill import Drill, Judge, Observation, Subject
from drills.faults import Workload
from drills.load import Ledger

# Of the time that a pod itself takes to start: scheduling and the next request come on top.
RATIO = 1.5
# Slower answers of a machine that starts a pod at the same time are no gap.
NONE_SECONDS = 5.0


def _as_long_as_its_start(choose: Callable[[Subject], Workload]) -> Callable[[Subject], Judge]:
    def hurt(subject: Subject) -> Judge:
        workload = choose(subject)
        workload.kill()
        workload.await_ready()
        start = workload.start_seconds()

        def judge(ledger: Ledger) -> Observation:
            gap = ledger.gap()
            told = f"gap {gap:.1f} s, start of the pod {start:.0f} s, ratio {gap / max(start, 1):.2f}"
            return Observation(told, gap <= max(RATIO * start, NONE_SECONDS))

        return judge

    return hurt


def _no_gap(choose: Callable[[Subject], Workload]) -> Callable[[Subject], Judge]:
    def hurt(subject: Subject) -> Judge:
        workload = choose(subject)
        workload.kill()
        workload.await_ready()
        return no_gap

    return hurt


def no_gap(ledger: Ledger) -> Observation:
    """The page has answered all the time."""
    return Observation(f"gap {ledger.gap():.1f} s", ledger.gap() <= NONE_SECONDS)


def _two_replicas(subject: Subject) -> Judge:
    subject.page.scale(2)
    try:
        subject.page.await_ready()
        subject.page.kill()
        subject.page.await_ready()
    finally:
        subject.page.scale(1)
    return no_gap


_GAP = f"gap of the page at most {RATIO} times the start of the pod"
_NONE = f"no gap of the page above {NONE_SECONDS:.0f} s"
DRILLS: Mapping[str, Drill] = {
    "page-pod": Drill(_GAP, _as_long_as_its_start(lambda subject: subject.page)),
    "page-pod-of-two": Drill(_NONE, _two_replicas),
    "worker-pod": Drill(_NONE, _no_gap(lambda subject: subject.worker)),
    "redis-pod": Drill(_GAP, _as_long_as_its_start(lambda subject: subject.redis)),
    "postgresql-pod": Drill(_GAP, _as_long_as_its_start(lambda subject: subject.postgresql)),
    "store-pod": Drill(_NONE, _no_gap(lambda subject: subject.store)),
}
