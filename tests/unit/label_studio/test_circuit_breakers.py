"""Circuit breakers that the processes of a container share by files."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from components.label_studio.files import circuit_breakers
from components.label_studio.files.circuit_breakers import AwayError, Breaker


@pytest.fixture(autouse=True)
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, of which a test sets the only element."""
    now = [1000.0]
    monkeypatch.setattr(circuit_breakers, "FOLDER", tmp_path / "breakers")
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def call(breaker: Breaker, clock: list[float], seconds: float, fails: bool = True) -> None:
    with breaker.call():
        clock[0] += seconds
        if fails:
            raise TimeoutError


def opened(clock: list[float], limit: int = 3, address: str = "minio:9000") -> Breaker:
    breaker = Breaker("object store", address, limit)
    for _ in range(limit):
        with pytest.raises(TimeoutError):
            call(breaker, clock, 5)
    return breaker


def test_after_a_few_timeouts_callers_are_told_at_once(clock: list[float]) -> None:
    breaker = opened(clock)
    with pytest.raises(AwayError, match="object store does not answer"):
        call(breaker, clock, 5, fails=False)
    assert circuit_breakers.away() == ["object store"]


def test_other_processes_know_and_other_addresses_are_asked(clock: list[float]) -> None:
    opened(clock)
    assert not Breaker("object store", "minio:9000").admits()
    assert Breaker("object store", "s3.example.com").admits()


def test_an_answer_in_between_begins_anew(clock: list[float]) -> None:
    breaker = Breaker("object store")
    for fails in (True, True, False, True, True):
        with suppress(TimeoutError):
            call(breaker, clock, 5, fails)
    assert breaker.admits()


def test_who_is_refused_at_once_holds_nobody(clock: list[float]) -> None:
    breaker = Breaker("object store")
    for _ in range(5):
        with pytest.raises(TimeoutError):
            call(breaker, clock, 0.01)
    assert breaker.admits()


def test_one_caller_at_a_time_asks_whether_it_is_back(clock: list[float]) -> None:
    breaker = opened(clock)
    clock[0] += circuit_breakers.PAUSE_SECONDS
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: breaker.admits(), range(8))) == [False] * 7 + [True]
    breaker.answered()
    assert breaker.admits()
    assert circuit_breakers.away() == []


def test_a_caller_that_died_while_it_asked_is_followed_by_another(clock: list[float]) -> None:
    breaker = opened(clock)
    clock[0] += circuit_breakers.PAUSE_SECONDS
    assert breaker.admits()
    clock[0] += circuit_breakers.PROBE_SECONDS
    assert breaker.admits()


def test_what_nobody_has_asked_for_long_is_not_told(clock: list[float]) -> None:
    opened(clock)
    clock[0] += circuit_breakers.KNOWN_SECONDS
    assert circuit_breakers.away() == []


def test_addresses_may_be_anything(clock: list[float]) -> None:
    for address in ("[::1]:9000", "a/../b", "A.example:80", "a@b"):
        assert not opened(clock, address=address).admits()
    assert circuit_breakers.away() == ["object store"]


def test_the_services_may_be_asked_for_while_one_is_noted(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    opened(clock)
    asked, write = [], Path.write_text

    def half_written(file: Path, text: str) -> int:
        write(file, text[:1])
        asked.append(circuit_breakers.away())
        return write(file, text)

    monkeypatch.setattr(Path, "write_text", half_written)
    Breaker("object store", "minio:9000").missed()
    assert asked == [["object store"]]
