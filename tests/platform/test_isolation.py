"""Nobody but this machine reaches the cluster: no neighbour with a route to it, and no other user of the machine."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from local.cluster import firewall, lifecycle, network
from local.paths import RUN, STATE
from tests.platform.web import NAMESPACE, NOBODY, NODE_PORT, Web

NEIGHBOUR, LINK = "label-studio-neighbour", "ls-neighbour"
# Reserved for documentation (RFC 5737): no host that this machine talks to has such an address.
HERE, THERE = "203.0.113.201", "203.0.113.202"
CONNECT = """
import json, socket, sys
open_ = []
for host, port in json.loads(sys.argv[1]):
    with socket.socket() as client:
        client.settimeout(1)
        if client.connect_ex((host, port)) == 0:
            open_.append([host, port])
print(json.dumps(open_))
"""
# Every file and folder that this user can list, read or write below the given ones.
REACH = """
import json, os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
found = []
for top in sys.argv[1:]:
    for access in (os.R_OK, os.W_OK, os.X_OK):
        if os.access(top, access):
            found.append([top, access])
print(json.dumps(found))
"""

Target = tuple[str, int]


@pytest.fixture(scope="module", autouse=True)
def running() -> None:
    lifecycle.start()


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def reached(targets: list[Target], *prefix: str) -> list[Target]:
    """Which of these addresses accept a connection."""
    printed = run(*prefix, sys.executable, "-c", CONNECT, json.dumps(targets))
    return [(host, port) for host, port in json.loads(printed)]


@pytest.fixture
def neighbour() -> Iterator[tuple[str, ...]]:
    """Another host on a link of this one, with a route to everything of the cluster; the prefix of its commands."""
    inside = ("ip", "netns", "exec", NEIGHBOUR)
    run("ip", "netns", "add", NEIGHBOUR)
    try:
        run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NEIGHBOUR)
        run("ip", "address", "add", f"{HERE}/30", "dev", LINK)
        run("ip", "link", "set", LINK, "up")
        run(*inside, "ip", "address", "add", f"{THERE}/30", "dev", "eth0")
        run(*inside, "ip", "link", "set", "eth0", "up")
        run(*inside, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
        for addresses in (f"{network.NODE_ADDRESS}/32", network.POD_RANGE, network.SERVICE_RANGE, "127.0.0.0/8"):
            run(*inside, "ip", "route", "add", addresses, "via", HERE)
        yield inside
    finally:
        run("ip", "netns", "delete", NEIGHBOUR)


@contextmanager
def served() -> Iterator[int]:
    """Something of this machine that everybody may reach: shows that the neighbour has a way here."""
    with HTTPServer((HERE, 0), SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def unguarded() -> Iterator[None]:
    run("iptables", "-t", "raw", "-D", "PREROUTING", "-j", firewall.GUARD)
    try:
        yield
    finally:
        firewall.guard()


def targets(web: Web) -> list[Target]:
    return [
        (network.NODE_ADDRESS, network.API_PORT),
        (network.API_SERVICE_ADDRESS, 443),
        (network.NODE_ADDRESS, 10250),
        (network.DNS_SERVICE_ADDRESS, 53),
        (web.pod, 8080),
        (web.service, 80),
        ("127.0.0.1", NODE_PORT),
        ("127.0.0.1", 2379),
    ]


def test_a_neighbour_reaches_nothing_of_the_cluster(web: Web, neighbour: tuple[str, ...]) -> None:
    everything = targets(web)
    assert reached(everything) == everything
    with served() as port:
        assert reached([*everything, (HERE, port)], *neighbour) == [(HERE, port)]
    with unguarded():
        assert len(reached(everything, *neighbour)) >= 5
    assert reached(everything, *neighbour) == []


def test_a_second_start_adds_no_second_guard() -> None:
    before = run("iptables-save", "-t", "raw").count(firewall.GUARD)
    firewall.guard()
    assert run("iptables-save", "-t", "raw").count(firewall.GUARD) == before


def test_another_user_reaches_neither_volumes_nor_state(web: Web) -> None:
    volumes = [path for path in (STATE / "volumes").iterdir() if NAMESPACE in path.name]
    assert [(volume / "f").read_text() for volume in volumes] == ["kept\n"]
    assert (volumes[0] / "f").stat().st_uid == NOBODY
    below: list[Path] = [STATE, RUN, *volumes, *STATE.rglob("*.yaml"), *STATE.glob("stack/state/**/*"), *RUN.iterdir()]
    printed = run(sys.executable, "-c", REACH, *map(str, below))
    assert json.loads(printed) == []


def test_only_root_may_enter_the_folders_of_the_cluster() -> None:
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (STATE, RUN)] == [0o700, 0o700]
