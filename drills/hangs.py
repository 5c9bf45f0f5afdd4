"""Services that are silent or slow: packets are dropped or delayed, so that callers wait instead of being refused."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import httpx

from drills import outside, packets
from drills.drill import Drill, Judge, Observation, Subject
from drills.faults import listed
from drills.load import Ledger
from drills.queue import project_of
from local.cluster.api import Object
from tests.e2e.label_studio import Session

# Seconds of load before the fault, to compare with, and of the fault.
QUIET_SECONDS, SILENT_SECONDS, LONG_SECONDS = 10.0, 60.0, 600.0
# Seconds within which the page answers, whatever it says, and within which all is as before once the service is back.
ANSWER_SECONDS, BACK_SECONDS = 5.0, 5.0
HEALTH_SECONDS = 1.0
# Pauses of those who ask for the projects and for health, and of a person before the next image or task.
ASK_SECONDS, LOOK_SECONDS = 0.1, 1.0
# More than any answer may take.
PATIENCE_SECONDS = 100.0
PAGE, HEALTH = "/api/projects/", "/health"
# Of the fault that is no silence: seconds that each packet comes later, and the part of packets that are lost.
DELAY_SECONDS, LOSS = 0.3, 0.05
# Annotations a second of the two that are tried, on a machine that has much to do.
SAVED = 0.25
VIEWERS, EXPORTED_TASKS = 16, 10_000
OK, UNAVAILABLE = int(httpx.codes.OK), int(httpx.codes.SERVICE_UNAVAILABLE)
Pods = Callable[[Subject], list[Object]]
# What people ask for meanwhile, an address for each of them.
People = Callable[[Subject, Session], AbstractContextManager[list[str]]]


class Answer(NamedTuple):
    """When it came (monotonic clock), after how many seconds, and its status, which is 0 where none came."""

    moment: float
    seconds: float
    status: int


@dataclass
class Watch:
    """Answers by path; ``began`` is when the watch began, ``hurt`` and ``released`` when the fault began and ended."""

    answers: dict[str, list[Answer]] = field(default_factory=lambda: {PAGE: [], HEALTH: []})
    began: float = field(default_factory=time.monotonic)
    hurt: float = 0.0
    released: float = 0.0

    def slowest(self, path: str) -> float:
        """Seconds of the slowest answer."""
        return max((answer.seconds for answer in self.answers[path]), default=float("inf"))

    def statuses(self, path: str) -> set[int]:
        """Each status that there was."""
        return {answer.status for answer in self.answers[path]}

    def p95(self) -> float:
        """Seconds within which 95 % of the page's answers came during the fault."""
        seconds = [answer.seconds for answer in self.answers[PAGE] if self.hurt <= answer.moment <= self.released]
        return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else float("inf")

    def rate(self) -> float:
        """Good answers of the page a second during the fault, as a part of those before it."""
        quiet = self._rate(self.began, self.hurt)
        return self._rate(self.hurt, self.released) / quiet if quiet else 0.0

    def _rate(self, begin: float, end: float) -> float:
        return sum(begin <= it.moment < end and it.status == OK for it in self.answers[PAGE]) / (end - begin)

    def back(self) -> float:
        """Seconds from the release to the first of the answers to the page that are all good from then on."""
        later = [answer for answer in self.answers[PAGE] if answer.moment >= self.released]
        bad = [number for number, answer in enumerate(later) if answer.status != OK]
        good = later[bad[-1] + 1 :] if bad else later
        return good[0].moment - self.released if good else float("inf")


@contextmanager
def watched(subject: Subject) -> Iterator[Watch]:
    """Ask for the projects and for health, side by side, for as long as the block lasts."""
    with subject.target.session() as session:
        watch = Watch()

        def ask(path: str) -> None:
            began = time.monotonic()
            try:
                status = session.http.get(path, timeout=PATIENCE_SECONDS).status_code
            except httpx.HTTPError:
                status = 0
            now = time.monotonic()
            watch.answers[path].append(Answer(now, now - began, status))

        with _asking([(partial(ask, path), ASK_SECONDS) for path in watch.answers]):
            yield watch


@contextmanager
def _looking(subject: Subject, paths: list[str]) -> Iterator[None]:
    """People who ask for these addresses again and again, whatever the answer."""
    with ExitStack() as sessions:
        people = [(sessions.enter_context(subject.target.session()), path) for path in paths]

        def ask(session: Session, path: str) -> None:
            try:
                session.http.get(path, timeout=PATIENCE_SECONDS)
            except httpx.HTTPError:
                return

        with _asking([(partial(ask, session, path), LOOK_SECONDS) for session, path in people]):
            yield


@contextmanager
def _asking(jobs: list[tuple[Callable[[], None], float]]) -> Iterator[None]:
    """A thread for each of ``jobs``, which are what to do again and again, and the seconds between."""
    stop = threading.Event()

    def go_on(ask: Callable[[], None], pause: float) -> None:
        while not stop.wait(pause):
            ask()

    threads = [threading.Thread(target=go_on, args=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        until = time.monotonic() + PATIENCE_SECONDS
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))


@contextmanager
def _nobody(_: Subject, __: Session) -> Iterator[list[str]]:
    yield []


@dataclass(frozen=True)
class Hang:
    """A fault of pods, who waits for them, and what the page must do meanwhile.

    ``page``, ``health`` and ``p95`` are seconds, ``rate`` is the least part of the quiet rate, ``saved`` that of
    annotations a second. ``delay`` is that of packets that are not dropped, in seconds.
    """

    pods: Pods
    port: int
    protocol: str = "tcp"
    delay: float = 0.0
    people: People = _nobody
    seconds: float = SILENT_SECONDS
    replicas: int = 1
    statuses: frozenset[int] = frozenset({OK})
    page: float = ANSWER_SECONDS
    health: float = HEALTH_SECONDS
    rate: float = 0.0
    p95: float = float("inf")
    saved: float = SAVED

    def drill(self, stack: str = "dev") -> Drill:
        """The drill, on one of drills.stack.STACKS."""
        expected = f"the page answers within {self.page:.0f} s, health within {self.health:.0f} s"
        if UNAVAILABLE in self.statuses:
            expected += ", the page with 503 meanwhile"
        if self.rate:
            expected += f", the project list at {self.rate} of its quiet rate, p95 below {self.p95:.0f} s"
        if self.saved:
            expected += ", annotations are saved"
        return Drill(f"{expected}; back within {BACK_SECONDS:.0f} s, no restart", self.hurt, self._prepare, stack)

    def _prepare(self, subject: Subject) -> None:
        subject.page.scale(self.replicas)
        subject.page.await_ready()

    def hurt(self, subject: Subject) -> Judge:
        """Watch, hurt and watch again; the page has one pod afterwards."""
        memory = [subject.page.memory()]
        try:
            watch, restarts = self.observed(subject)
            memory.append(subject.page.memory())
        finally:
            subject.page.scale(1)

        def judge(ledger: Ledger) -> Observation:
            saved = sum(watch.hurt <= moment <= watch.released for moment in ledger.saved)
            observed = self.judged(watch, restarts, f"{saved} annotations saved; page {memory[0]} and {memory[1]} MiB")
            return Observation(observed.text, observed.passed and saved >= self.saved * self.seconds)

        return judge

    def observed(
        self, subject: Subject, quiet: float = QUIET_SECONDS, after: float = 2 * BACK_SECONDS
    ) -> tuple[Watch, int]:
        """What was seen before, during and after the fault, and how many containers started again."""
        restarts = subject.page.restarts() + subject.worker.restarts()
        with subject.target.session() as session, self.people(subject, session) as paths, watched(subject) as watch:
            time.sleep(quiet)
            with _looking(subject, paths):
                with self._fault(subject):
                    watch.hurt = time.monotonic()
                    time.sleep(self.seconds)
                watch.released = time.monotonic()
                time.sleep(after)
        return watch, subject.page.restarts() + subject.worker.restarts() - restarts

    def _fault(self, subject: Subject) -> AbstractContextManager[None]:
        if self.delay:
            return packets.slow(self.pods(subject), self.port, self.delay, LOSS)
        return packets.silent(self.pods(subject), self.port, self.protocol)

    def judged(self, watch: Watch, restarts: int, more: str) -> Observation:
        """What the watch says in words, and whether it is as expected."""
        page, health, back = watch.slowest(PAGE), watch.slowest(HEALTH), watch.back()
        told = (
            f"projects {sorted(watch.statuses(PAGE))} within {page:.1f} s, at {watch.rate():.2f} of the quiet rate, "
            f"p95 {watch.p95():.2f} s; health {sorted(watch.statuses(HEALTH))} within {health:.1f} s; {more}; "
            f"back after {back:.1f} s, {restarts} restarts"
        )
        in_time = page <= self.page and health <= self.health and back <= BACK_SECONDS
        enough = watch.rate() >= self.rate and watch.p95() <= self.p95
        known = watch.statuses(PAGE) <= self.statuses and watch.statuses(HEALTH) == {OK}
        return Observation(told, in_time and enough and known and not restarts)


def redis(subject: Subject) -> list[Object]:
    """The pods of Redis."""
    return subject.redis.pods()


def _postgresql(subject: Subject) -> list[Object]:
    return subject.postgresql.pods()


def store(subject: Subject) -> list[Object]:
    """The pods of the object store."""
    return subject.store.pods()


def _cnpg(subject: Subject) -> list[Object]:
    return listed(subject.deployment.api, subject.deployment.namespace, "cnpg.io/cluster")


def _names(subject: Subject) -> list[Object]:
    return listed(subject.deployment.api, "kube-system", "k8s-app=kube-dns")


def _outside(subject: Subject) -> list[Object]:
    return outside.pods(subject.deployment.api)


@contextmanager
def _viewers(subject: Subject, session: Session) -> Iterator[list[str]]:
    """People who view an image in a store that the page passes on."""
    with outside.images(subject, session) as image:
        yield [image] * VIEWERS


@contextmanager
def _viewers_and_exports(subject: Subject, session: Session) -> Iterator[list[str]]:
    """Beside them eight people each of whom exports 10,000 tasks, in a way of his own."""
    project = project_of(session, EXPORTED_TASKS)
    # What the import leaves to the workers, which would slow down the quiet time.
    time.sleep(QUIET_SECONDS)
    kinds = ("JSON", "JSON_MIN", "CSV", "TSV")
    address = f"/api/projects/{project}/export?download_all_tasks=true&interpolate_key_frames="
    exports = [f"{address}{each}&exportType={kind}" for kind in kinds for each in ("true", "false")]
    try:
        with _viewers(subject, session) as images:
            yield images + exports
    finally:
        session.request("DELETE", f"/api/projects/{project}/")


_BOTH = frozenset({OK, UNAVAILABLE})
# Each process has a connection of its own, which it may be the first to use.
_DATABASE = Hang(_postgresql, 5432, statuses=_BOTH, health=ANSWER_SECONDS, saved=0)
# Every query takes so much longer; a page asks for some tens.
_SLOW = Hang(_postgresql, 5432, delay=DELAY_SECONDS, statuses=_BOTH, page=60.0, health=ANSWER_SECONDS, saved=0)
DRILLS: Mapping[str, Drill] = {
    "redis-silent": Hang(redis, 6379, seconds=LONG_SECONDS).drill(),
    "redis-silent-of-two": Hang(redis, 6379, replicas=2).drill(),
    "postgresql-silent": _DATABASE.drill(),
    "store-silent": Hang(store, 9000).drill(),
    "names-silent": Hang(_names, 53, "udp", statuses=_BOTH).drill(),
    "endpoint-silent": Hang(_outside, outside.STORE, people=_viewers).drill(),
    "endpoint-silent-in-exports": Hang(_outside, outside.STORE, people=_viewers_and_exports, rate=0.8, p95=1.0).drill(),
    "model-silent": Hang(_outside, outside.MODEL, people=outside.model).drill(),
    "webhook-silent": Hang(_outside, outside.RECEIVER, people=outside.webhook).drill(),
    "redis-slow": Hang(redis, 6379, delay=DELAY_SECONDS).drill(),
    "postgresql-slow": _SLOW.drill(),
    "store-slow": Hang(store, 9000, delay=DELAY_SECONDS).drill(),
    "postgresql-silent-cnpg": Hang(_cnpg, 5432, statuses=_BOTH, health=ANSWER_SECONDS, saved=0).drill("cnpg"),
}
