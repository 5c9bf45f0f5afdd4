"""How long the job of a project waits for a sync: as long as it gets on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from components.annotation_project.job import storages
from components.annotation_project.job.storages import QUEUED_SECONDS, STALLED_SECONDS, Storages

STEP = 100.0


@dataclass
class Syncing:
    """Label Studio's answers about one storage, each ``STEP`` seconds after the last; the last one stays."""

    answers: Iterator[Mapping[str, Any]]
    seconds: float = 0.0
    last: Mapping[str, Any] | None = None

    def request(self, method: str, *_: Any, **__: Any) -> Any:
        if method == "POST":
            return None
        self.last = next(self.answers, self.last)
        return [{"id": 1, "description": "Declared as source of cats.", "traceback": "", **(self.last or {})}]

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, _: float) -> None:
        self.seconds += STEP


def synchronized(monkeypatch: pytest.MonkeyPatch, *answers: Mapping[str, Any]) -> tuple[str | None, float]:
    """The last status, and after how many seconds."""
    syncing = Syncing(iter(answers))
    monkeypatch.setattr(storages, "time", syncing)
    status = Storages(syncing, 1, "cats").sync("source")  # type: ignore[arg-type]
    return status, syncing.seconds


def test_a_long_sync_is_waited_for_while_it_gets_on(monkeypatch: pytest.MonkeyPatch) -> None:
    running = [{"status": "in_progress", "last_sync_count": number} for number in range(50)]
    status, seconds = synchronized(monkeypatch, {"status": "queued"}, *running, {"status": "completed"})
    assert status == "completed"
    assert seconds > 4 * STALLED_SECONDS


def test_one_that_gets_on_no_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    status, seconds = synchronized(monkeypatch, {"status": "in_progress", "last_sync_count": 7})
    assert status == "in_progress"
    assert STALLED_SECONDS < seconds <= STALLED_SECONDS + 2 * STEP


def test_one_that_waits_for_others_has_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    status, seconds = synchronized(monkeypatch, {"status": "queued"})
    assert status == "queued"
    assert seconds > QUEUED_SECONDS


def test_errors_of_some_tasks_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert synchronized(monkeypatch, {"status": "queued"}, {"status": "completed_with_errors"})[0] is not None
