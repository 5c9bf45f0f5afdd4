"""Processes that outlive the command that started them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import process
from local.cluster.process import Process, StartError, end, last_lines, start_time


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROCESSES", tmp_path / "processes")
    monkeypatch.setattr(process, "LOGS", tmp_path / "log")


@pytest.fixture
def sleeper() -> Iterator[Process]:
    made = Process("sleeper", ("sleep", "60"))
    yield made
    made.stop()


def pid(of: Process) -> int:
    assert of.running
    return of.running.pid


def test_a_second_start_changes_nothing(sleeper: Process) -> None:
    sleeper.start()
    first = pid(sleeper)
    sleeper.start()
    assert pid(sleeper) == first


def test_it_leads_a_session_of_its_own_so_that_a_closed_terminal_does_not_end_it(sleeper: Process) -> None:
    sleeper.start()
    assert os.getsid(pid(sleeper)) == pid(sleeper) != os.getsid(0)


def test_another_command_replaces_it(sleeper: Process) -> None:
    sleeper.start()
    first = pid(sleeper)
    changed = Process("sleeper", ("sleep", "61"))
    changed.start()
    assert pid(changed) != first
    assert start_time(first) is None


def test_a_changed_file_replaces_it(sleeper: Process, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("a")
    configured = Process("sleeper", sleeper.command, files=(config,))
    configured.start()
    first = pid(configured)
    config.write_text("b")
    configured.start()
    assert pid(configured) != first


def test_stop_ends_it_and_may_be_repeated(sleeper: Process) -> None:
    sleeper.start()
    first = pid(sleeper)
    sleeper.stop()
    sleeper.stop()
    assert start_time(first) is None
    assert sleeper.running is None


def test_one_that_ignores_the_request_is_killed() -> None:
    stubborn = Process("stubborn", ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"))
    stubborn.start()
    time.sleep(0.2)
    began = time.monotonic()
    stubborn.stop(grace=0.5)
    assert stubborn.running is None
    assert 0.4 < time.monotonic() - began < 5


def test_another_process_with_its_id_is_not_taken_for_it(sleeper: Process, tmp_path: Path) -> None:
    sleeper.start()
    record = tmp_path / "processes" / "sleeper.json"
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "started": known["started"] - 1}))
    assert sleeper.running is None
    record.write_text(json.dumps(known))


@pytest.mark.parametrize("content", ["", "{", "{}", '{"pid": 1}'])
def test_a_broken_record_counts_as_not_running(sleeper: Process, tmp_path: Path, content: str) -> None:
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "sleeper.json").write_text(content)
    assert sleeper.running is None


def test_one_that_ended_before_its_start_was_noted_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "start_time", lambda pid: None)
    short = Process("short", ("true",))
    short.start()
    assert short.running is None


def test_check_tells_what_a_dead_one_said_last() -> None:
    failing = Process("failing", ("sh", "-c", "echo no such flag; exit 3"))
    failing.start()
    while failing.running:
        time.sleep(0.01)
    with pytest.raises(StartError, match=r"failing ended(.|\n)*no such flag"):
        failing.check()


def test_end_of_nothing_returns_at_once() -> None:
    end([], grace=60)


def test_last_lines_are_the_last(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    assert last_lines(log, 2) == "line 998\nline 999"
    assert last_lines(tmp_path / "none", 2) == "(no log)"
