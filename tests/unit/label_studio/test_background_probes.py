"""Threads that ask silent services in place of people, in several processes of a container."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.label_studio.mounts import FILES
from local.cluster.api import wait

LIMIT = 3
SLOW_SECONDS = 5.0
forks = multiprocessing.get_context("fork")


class NobodyThereError(Exception):
    """Nobody took the connection."""


class Service:
    """Away as long as a file is there, in which each question leaves a letter."""

    def __init__(self, folder: Path) -> None:
        self.silence = folder / "silence"
        self.silence.touch()

    def answers(self) -> bool:
        with suppress(FileNotFoundError), self.silence.open("r+") as file:
            file.seek(0, os.SEEK_END)
            file.write("x")
            return False
        return True

    @property
    def asked(self) -> int:
        return self.silence.stat().st_size

    def comes_back(self) -> None:
        self.silence.unlink()


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, ModuleType]]:
    """The probes and the breakers, in what they take for a process of the page, with pauses of 20 ms."""
    monkeypatch.syspath_prepend(str(FILES))
    probes, breakers = importlib.import_module("background_probes"), importlib.import_module("circuit_breakers")
    monkeypatch.setattr(breakers, "FOLDER", tmp_path / "breakers")
    monkeypatch.setattr(probes, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(probes, "in_requests", lambda: True)
    yield probes, breakers
    for breaker in (breakers.Breaker("object store", limit=LIMIT), breakers.Breaker("object store", "other")):
        breaker.answered()
    for thread in probing():
        thread.join(5)


@pytest.fixture
def probes(modules: tuple[ModuleType, ModuleType]) -> ModuleType:
    return modules[0]


@pytest.fixture
def breaker(modules: tuple[ModuleType, ModuleType]) -> Any:
    return modules[1].Breaker("object store", limit=LIMIT)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def probing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("probe of")]


def refused(probes: ModuleType, breaker: Any, probe: Any) -> bool:
    """Whether a call does not even begin."""
    began = False
    with suppress(Exception), probes.call(breaker, probe):
        began = True
    return not began


def fail(probes: ModuleType, breaker: Any, probe: Any, error: Exception, clock: list[float]) -> None:
    with suppress(type(error)), probes.call(breaker, probe):
        clock[0] += SLOW_SECONDS
        raise error


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, of which a test sets the only element."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_callers_are_refused_until_the_thread_has_an_answer(
    probes: ModuleType, breaker: Any, service: Service, clock: list[float]
) -> None:
    probe = probes.Probe(again=service.answers)
    for _ in range(LIMIT):
        assert not breaker.is_open()
        fail(probes, breaker, probe, TimeoutError(), clock)
    while service.asked < 3:
        assert refused(probes, breaker, probe)
    assert len(probing()) == 1
    service.comes_back()
    [thread] = probing()
    thread.join(5)
    assert not refused(probes, breaker, probe)


def test_who_finds_nobody_there_is_the_only_one(probes: ModuleType, breaker: Any, service: Service) -> None:
    again: list[bool] = []

    def never() -> bool:
        again.append(True)
        return False

    probe = probes.Probe(again=never, connects=service.answers, unconnected=NobodyThereError)
    fail(probes, breaker, probe, NobodyThereError(), [0.0])
    assert breaker.is_open()
    assert refused(probes, breaker, probe)
    wait("a question", lambda: service.asked > 0, 5)
    assert again == [], "what nobody took is not repeated, but whether somebody is there"


def test_jobs_ask_themselves_and_start_no_thread(
    probes: ModuleType, breaker: Any, service: Service, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "in_requests", lambda: False)
    probe = probes.Probe(service.answers, service.answers, NobodyThereError)
    for error in (NobodyThereError(), TimeoutError(), TimeoutError()):
        assert not breaker.is_open()
        fail(probes, breaker, probe, error, clock)
    assert refused(probes, breaker, probe)
    assert probing() == []
    monkeypatch.setattr(time, "time", lambda: sys.maxsize)
    assert not refused(probes, breaker, probe)


def test_what_nobody_calls_for_long_is_forgotten(
    probes: ModuleType, breaker: Any, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker.open()
    monkeypatch.setattr(probes, "WANTED_SECONDS", 0.3)
    until = time.monotonic() + 0.6
    while time.monotonic() < until:
        assert not probes.admits(breaker, service.answers)
        time.sleep(0.02)
    wait("the end of the thread", lambda: not probing(), 5)
    assert not breaker.is_open()


def run(task: Callable[..., None], *given: Any) -> Any:
    """A forked process, as uWSGI's are."""
    process = forks.Process(target=task, args=given, daemon=True)
    process.start()
    return process


def call_for(probes: ModuleType, breaker: Any, service: Service, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        probes.admits(breaker, service.answers)
        time.sleep(0.005)


def test_one_process_of_a_container_asks(probes: ModuleType, breaker: Any, service: Service) -> None:
    breaker.open()
    seconds, processes = 1.0, 4
    running = [run(call_for, probes, breaker, service, seconds) for _ in range(processes)]
    for process in running:
        process.join(10)
    # One thread that pauses cannot ask more often.
    assert 2 <= service.asked <= seconds / probes.PAUSE_SECONDS + processes


def test_another_process_asks_when_that_which_asked_has_ended(
    probes: ModuleType, breaker: Any, service: Service
) -> None:
    breaker.open()
    process = run(call_for, probes, breaker, service, 60)
    wait("a question", lambda: service.asked > 0, 10)
    assert not probes.admits(breaker, service.answers)
    assert probing() == []
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    service.comes_back()
    assert breaker.is_open()
    assert not probes.admits(breaker, service.answers)
    wait("an answer", lambda: not breaker.is_open(), 5)


def test_a_job_that_was_forked_meanwhile_keeps_nobody_from_asking(
    probes: ModuleType, breaker: Any, service: Service, tmp_path: Path
) -> None:
    def parent() -> None:
        probes.watch(breaker, service.answers)
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        (tmp_path / "child").write_text(str(child))
        time.sleep(60)

    breaker.open()
    process = run(parent)
    wait("the child", lambda: (tmp_path / "child").exists() and bool((tmp_path / "child").read_text()), 10)
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    try:
        probes.watch(breaker, service.answers)
        assert len(probing()) == 1
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


ENDS = {"answer": 0, "refusal": 0, "slow error": 1, "nobody there": LIMIT}


@given(st.lists(st.sampled_from([*ENDS]), max_size=12))
def test_a_breaker_opens_where_timeouts_follow_each_other_or_nobody_is_there(ends: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FILES))
        probes, breakers = importlib.import_module("background_probes"), importlib.import_module("circuit_breakers")
        asked: list[bool] = []
        patch.setattr(probes, "in_requests", lambda: True)
        patch.setattr(probes, "watch", lambda _, question: asked.append(question()))
        now = [0.0]
        patch.setattr(time, "monotonic", lambda: now[0])
        breaker = breakers.Breaker("object store", f"{time.time()}-{id(ends)}", LIMIT)
        probe = probes.Probe(lambda: False, lambda: True, NobodyThereError)
        missed = 0
        for end in ends:
            is_open = missed >= LIMIT
            assert breaker.is_open() == is_open
            with suppress(TimeoutError, NobodyThereError, breakers.AwayError), probes.call(breaker, probe):
                assert not is_open
                if end == "nobody there":
                    raise NobodyThereError
                now[0] += SLOW_SECONDS if end == "slow error" else 0
                if end != "answer":
                    raise TimeoutError
            if not is_open:
                missed = missed + ENDS[end] if ENDS[end] else 0
        assert bool(asked) == (missed >= LIMIT)
        breaker.answered()
