"""What is refused before anything is changed, and in which words."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import packages, preconditions
from local.preconditions import PreconditionError, check

Answer = Callable[..., str]
ALL = ("_machine", "_resources", "_programs", "_kernel", "_ports", "_routes")


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Leave one group of questions; the others find nothing wrong."""

    def leave(kept: str) -> None:
        for name in ALL:
            if name != kept:
                monkeypatch.setattr(preconditions, name, lambda *_: iter(()))

    return leave


def refused(page_port: int | None = None) -> str:
    with pytest.raises(PreconditionError) as caught:
        check(page_port)
    return str(caught.value)


def answers(monkeypatch: pytest.MonkeyPatch, **outputs: str) -> None:
    monkeypatch.setattr(preconditions, "_output", lambda *command: outputs.get(command[0], ""))


def test_only_root_may(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    only("_machine")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert refused() == "not root: containers, mounts and network links need it; run `sudo make up`"


def test_another_system_is_named(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    only("_machine")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert refused() == "this is Darwin on arm64; the embedded platform needs Linux on x86_64"


def test_little_disk(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only("_resources")
    monkeypatch.setattr(preconditions, "CACHE", tmp_path / "not" / "there")
    monkeypatch.setattr(preconditions, "DISK_FIRST", 10**18)
    assert f"GiB free for {tmp_path}/not/there; {10**18 // 1024**3} GiB are needed" in refused()


def test_little_memory(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    only("_resources")
    monkeypatch.setattr(preconditions, "MEMORY", 2**60)
    assert "GiB of memory; at least" in refused()


@pytest.mark.parametrize(
    ("version", "message"), [("", "no Go: install version"), ("go1.19.8\n", "Go 1.19 is too old; install version")]
)
def test_go(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, version: str, message: str) -> None:
    only("_programs")
    answers(monkeypatch, go=version)
    assert refused().startswith(message)


def test_a_machine_without_apt(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    only("_programs")
    monkeypatch.setattr(packages, "missing", lambda wanted: ["etcd-server"])
    monkeypatch.setattr("shutil.which", lambda name, **options: None)
    answers(monkeypatch, go="go1.99.0")
    assert refused() == "no apt-get to install etcd-server: the embedded platform needs Debian"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_and_who_has_it(
    only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, taken_port: int, tmp_path: Path
) -> None:
    only("_ports")
    monkeypatch.setattr("local.cluster.network.PORTS", {"etcd": (taken_port,)})
    monkeypatch.setattr("local.cluster.process.PROCESSES", tmp_path)
    answers(monkeypatch, ss='LISTEN 0 128 127.0.0.1:1 0.0.0.0:* users:(("nginx",pid=42,fd=3))')
    assert refused() == f"port {taken_port} (etcd) is taken by nginx, process 42; stop that program first"


def test_the_port_of_the_page_is_the_one_that_was_asked_for(
    only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    only("_ports")
    monkeypatch.setattr("local.cluster.network.PORTS", {})
    answers(monkeypatch)
    assert refused(taken_port) == f"port {taken_port} (Label Studio) is taken; stop that program first"


def test_a_free_port_is_no_matter(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only("_ports")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    monkeypatch.setattr("local.cluster.network.PORTS", {"etcd": (port,)})
    monkeypatch.setattr("local.cluster.process.PROCESSES", tmp_path)
    check(None)


@pytest.mark.parametrize(
    ("routes", "own"),
    [
        ("198.18.0.0/16 dev tun0 scope link", "198.18.1.0/24"),
        ("default via 10.0.0.1 dev eth0\n198.19.0.128/25 dev wg0", "198.19.0.0/24"),
        ("198.18.0.1 dev tun0", "198.18.0.1/32"),
        ("blackhole 198.18.1.0/24", "198.18.1.0/24"),
    ],
)
def test_a_route_in_the_way(
    only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, routes: str, own: str
) -> None:
    only("_routes")
    answers(monkeypatch, ip=routes)
    message = refused()
    assert f"overlaps {own} of the cluster" in message
    assert "take it away first" in message


def test_own_and_other_routes_are_no_matter(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    only("_routes")
    answers(monkeypatch, ip="default via 10.0.0.1 dev eth0\n10.0.0.0/8 dev eth0\n198.18.1.0/24 dev label-studio0")
    check()


def test_every_problem_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ALL:
        monkeypatch.setattr(preconditions, name, lambda *_: iter(()))
    monkeypatch.setattr(preconditions, "_kernel", lambda: iter(("first", "second")))
    assert refused() == "first\nsecond"


def test_a_missing_package_is_named_once(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    wanted = {str(there): "a", str(tmp_path / "x"): "b", "no-such-program-anywhere": "b", "python3": "c"}
    assert packages.missing(wanted) == ["b"]
