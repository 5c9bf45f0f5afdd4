"""Names that are known while DNS is silent; with a DNS that a test switches off."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.label_studio.mounts import FILES

NAME = "redis.label-studio.svc.cluster.local"


@dataclass
class Dns:
    """Answers with addresses by name; silent, each look-up takes a caller ten seconds of the clock and fails.

    ``asked`` are the names that callers look up, ``probed`` those that the thread does.
    """

    names: dict[str, str] = field(default_factory=lambda: {NAME: "10.0.0.1"})
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)
    now: float = 1000.0

    def find(self, host: str, port: int, *_: Any) -> str:
        is_probe = threading.current_thread().name.startswith("probe of")
        (self.probed if is_probe else self.asked).append(host)
        if self.silent:
            self.now += 0 if is_probe else 10
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return f"{self.names[host]}:{port}"


class Found:
    """What a client gets, and how long it waits."""

    def __init__(self, dns: Dns, module: ModuleType) -> None:
        self.dns, self.look_up = dns, module._remembering(dns.find)

    def __call__(self, name: str = NAME) -> tuple[str, float]:
        began = self.dns.now
        return self.look_up(name, 6379), self.dns.now - began


def poll(is_so: Callable[[], bool]) -> None:
    """Wait for another thread; the clock is that of the test."""
    for _ in range(500):
        if is_so():
            return
        threading.Event().wait(0.01)
    pytest.fail("nothing came of it")


@pytest.fixture
def dns() -> Dns:
    return Dns()


@pytest.fixture
def names(dns: Dns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(FILES))
    breakers = importlib.import_module("circuit_breakers")
    monkeypatch.setattr(breakers, "FOLDER", tmp_path / "breakers")
    monkeypatch.setattr(time, "time", lambda: dns.now)
    monkeypatch.setattr(time, "monotonic", lambda: dns.now)
    monkeypatch.setattr(importlib.import_module("background_probes"), "PAUSE_SECONDS", 0.02)
    yield importlib.import_module("remembered_names")
    dns.silent = False
    for thread in threading.enumerate():
        if thread.name.startswith("probe of"):
            thread.join(5)


@pytest.fixture
def found(dns: Dns, names: ModuleType) -> Found:
    return Found(dns, names)


def test_while_dns_answers_its_answer_counts(dns: Dns, found: Found) -> None:
    assert found() == ("10.0.0.1:6379", 0)
    dns.names[NAME] = "10.0.0.2"
    assert found() == ("10.0.0.2:6379", 0)
    del dns.names[NAME]
    with pytest.raises(socket.gaierror, match="not known"):
        found()


def test_one_caller_waits_for_a_silent_dns_and_the_others_do_not(dns: Dns, found: Found) -> None:
    found()
    dns.silent = True
    assert found() == ("10.0.0.1:6379", 10)
    dns.asked.clear()
    assert [found() for _ in range(5)] == [("10.0.0.1:6379", 0)] * 5
    assert dns.asked == []
    assert importlib.import_module("circuit_breakers").away() == ["DNS of the cluster"]


def test_a_thread_asks_whether_dns_is_back(dns: Dns, found: Found) -> None:
    found()
    dns.silent = True
    found()
    breaker = importlib.import_module("remembered_names").DNS
    dns.names[NAME] = "10.0.0.2"
    dns.silent = False
    poll(lambda: not breaker.is_open())
    assert {*dns.probed} == {NAME}
    assert found() == ("10.0.0.2:6379", 0)
    assert importlib.import_module("circuit_breakers").away() == []


def test_that_there_is_no_such_name_any_more_is_an_answer(dns: Dns, found: Found) -> None:
    found()
    dns.silent = True
    found()
    del dns.names[NAME]
    dns.silent = False
    poll(lambda: not importlib.import_module("remembered_names").DNS.is_open())


def test_a_name_that_was_never_found_fails_as_ever(dns: Dns, found: Found) -> None:
    dns.silent = True
    for _ in range(2):
        with pytest.raises(socket.gaierror, match="Temporary failure"):
            found()
    assert importlib.import_module("circuit_breakers").away() == [], "a silent server of somebody else's names"


@pytest.mark.parametrize("address", ["10.0.0.7", "::1", b"10.0.0.7"])
def test_addresses_are_no_names(address: Any, dns: Dns, names: ModuleType) -> None:
    with pytest.raises(socket.gaierror):
        names._remembering(dns.find)(address, 80)
    assert dns.asked == [address]


@given(st.lists(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=3), max_size=400))
def test_memory_is_bounded_and_the_newest_are_kept(hosts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FILES))
        names = importlib.import_module("remembered_names")
        patch.setattr(names, "MOST", 3)
        look_up = names._remembering(lambda host, *_: host)
        for host in hosts:
            assert look_up(host, 1) == host
        known = next(cell.cell_contents for cell in look_up.__closure__ if isinstance(cell.cell_contents, dict))
        newest = [*dict.fromkeys(reversed(hosts))][:3]
        assert {question[0] for question in known} == {*newest}
