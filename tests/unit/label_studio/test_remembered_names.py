"""Names that are known while DNS is silent; with a DNS that a test switches off."""

from __future__ import annotations

import importlib
import socket
import threading
import time
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
    """Answers with addresses by name; silent, each look-up takes ten seconds of the clock and fails."""

    names: dict[str, str] = field(default_factory=lambda: {NAME: "10.0.0.1"})
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    now: float = 1000.0

    def find(self, host: str, port: int, *_: Any) -> str:
        self.asked.append(host)
        if self.silent:
            self.now += 10
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
        answer = self.look_up(name, 6379)
        for thread in threading.enumerate():
            if thread.daemon and thread is not threading.current_thread() and thread.name.startswith("Thread-"):
                thread.join(5)
        return answer, self.dns.now - began


@pytest.fixture
def dns() -> Dns:
    return Dns()


@pytest.fixture
def names(dns: Dns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FILES))
    breakers = importlib.import_module("circuit_breakers")
    monkeypatch.setattr(breakers, "FOLDER", tmp_path / "breakers")
    monkeypatch.setattr(time, "time", lambda: dns.now)
    monkeypatch.setattr(time, "monotonic", lambda: dns.now)
    return importlib.import_module("remembered_names")


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
    dns.now += 3
    dns.asked.clear()
    assert found()[0] == "10.0.0.1:6379"
    assert dns.asked == [NAME]
    dns.silent, dns.names[NAME] = False, "10.0.0.2"
    dns.now += 3
    assert found()[0] == "10.0.0.1:6379", "the probe is on its way"
    assert found() == ("10.0.0.2:6379", 0)
    assert importlib.import_module("circuit_breakers").away() == []


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
