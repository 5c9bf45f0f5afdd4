"""uWSGI of the released packages with the settings that the program mounts, before an application of three lines."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from components.label_studio.mounts import FILES
from components.limits import PROCESS_SECONDS, REQUEST_SECONDS
from components.settings.images import NEWEST
from local.cluster.api import wait
from local.images.sandbox import HERE
from tests.contract.label_studio import package

TOKEN = "invitation-7f3a"
# Seconds that stand for those of the settings.
LIMIT = 3
# MiB that stand for those at which a process is replaced; one that has done nothing has some 30.
MEMORY, KEPT = 200, 300
APPLICATION = """
import os, time

kept = []

def application(environment, start):
    query = environment["QUERY_STRING"]
    while "spin" in query:
        pass
    if "away" in query:
        from background_probes import watch
        from circuit_breakers import Breaker
        breaker = Breaker("store")
        breaker.open()
        watch(breaker, lambda: os.path.exists("back"))
    if "keep" in query:
        kept.append(b"x" * (int(query.partition("=")[2]) << 20))
    time.sleep(float(environment["PATH_INFO"].strip("/") or 0))
    status = "500 Sorry" if "fail" in query else "200 OK"
    start(status, [("X-Scheme", environment["wsgi.url_scheme"]), ("X-Process", str(os.getpid()))])
    return [b"done"]
"""
MOUNTED, IMAGE = FILES / "uwsgi.ini", HERE / "label-studio" / "uwsgi.ini"


@dataclass(frozen=True)
class Server:
    """A running uWSGI; ``log`` is the file that it prints to."""

    url: str
    waiting: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with started(MOUNTED, tmp_path) as found:
        yield found


@contextmanager
def started(settings: Path, folder: Path) -> Iterator[Server]:
    """uWSGI with a file of settings, whose limits are shorter; one of its two processes waits for others."""
    (folder / "core").mkdir()
    (folder / "core/wsgi.py").write_text(APPLICATION)
    page, waiting, statistics = free_port(), free_port(), free_port()
    text = settings.read_text().replace(f"harakiri:{PROCESS_SECONDS}", f"harakiri:{LIMIT}")
    if settings == IMAGE:
        text = text.replace(f"harakiri = {PROCESS_SECONDS}", f"harakiri = {LIMIT}")
    text = text.replace("reload-on-rss = 1024", f"reload-on-rss = {MEMORY}")
    for place, here in {
        "/label-studio/label_studio": str(folder),
        ":8000": f"127.0.0.1:{page}",
        ":8001": f"127.0.0.1:{waiting}",
        ":1717": f"127.0.0.1:{statistics}",
        "/tmp/uwsgi.pid": str(folder / "pid"),
    }.items():
        text = text.replace(f"= {place}\n", f"= {here}\n")
    (folder / "uwsgi.ini").write_text(text)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [package(NEWEST).with_name("uwsgi"), "--ini", folder / "uwsgi.ini"],
            env={
                "PATH": os.environ["PATH"],
                "UWSGI_PROCESSES": "2",
                "WAITING_PROCESSES": "1",
                "PYTHONPATH": str(FILES),
                "TMPDIR": str(folder),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    found = Server(f"http://127.0.0.1:{page}", f"http://127.0.0.1:{waiting}", process, folder / "log")
    try:
        until_it_answers(found.url)
        yield found
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def until_it_answers(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("uWSGI does not answer")


def test_limits_are_those_that_the_program_knows() -> None:
    for text in ((FILES / "uwsgi.ini").read_text(), (HERE / "label-studio" / "uwsgi.ini").read_text()):
        assert re.findall(r"^harakiri = (\d+)$", text, re.M) == [str(PROCESS_SECONDS)]
    mounted = (FILES / "uwsgi.ini").read_text()
    assert f"route-run = harakiri:{PROCESS_SECONDS}\n" in mounted
    for mercy in re.findall(r"mercy = (\d+)", mounted):
        assert int(mercy) > REQUEST_SECONDS


def test_a_request_with_a_body_ends_too_and_says_nothing_of_its_query(server: Server) -> None:
    """Without the route, each read of the body would put the end off."""
    with pytest.raises(httpx.HTTPError):
        httpx.post(f"{server.url}/30?token={TOKEN}", content=b"0" * 4_000_000, timeout=20)
    assert httpx.get(f"{server.url}/0?fail=1&token={TOKEN}").status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert httpx.get(server.url).text == "done"
    # Its master process writes the lines of the log one after the other, and these stand at the end of the report.
    for _ in range(100):
        if "end of worker" in server.log.read_text() and "Respawned" in server.log.read_text():
            break
        time.sleep(0.1)
    log = server.log.read_text()
    assert "HARAKIRI ON WORKER" in log
    assert TOKEN not in log


def test_with_the_image_s_own_settings_it_does_not_end(tmp_path: Path) -> None:
    with started(IMAGE, tmp_path) as server, pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/30", content=b"0" * 4_000_000, timeout=LIMIT + 5)


def test_processes_that_are_really_stuck_are_replaced(server: Server) -> None:
    """One that computes without end holds even Python's own threads, and both sockets have one."""
    with ThreadPoolExecutor() as pool:
        stuck = [
            pool.submit(httpx.post, f"{url}/?spin", content=b"0" * 4_000_000, timeout=20)
            for url in (server.waiting, server.url)
        ]
        assert {type(each.exception()) for each in stuck} <= {httpx.RemoteProtocolError, httpx.ReadError}
    assert {httpx.get(url, timeout=20).text for url in (server.url, server.waiting)} == {"done"}
    assert server.log.read_text().count("HARAKIRI ON WORKER") == 2


def test_a_process_that_keeps_much_memory_is_replaced(server: Server) -> None:
    former = httpx.get(f"{server.waiting}/?keep={KEPT}", timeout=20).headers["X-Process"]
    # The master process looks from time to time.
    for _ in range(200):
        time.sleep(0.2)
        answer = httpx.get(server.waiting, timeout=20)
        assert answer.text == "done"
        if answer.headers["X-Process"] != former:
            return
    raise AssertionError(server.log.read_text()[-2000:])


def test_a_running_request_ends_before_the_server_does(server: Server) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(httpx.get, f"{server.url}/2", timeout=20)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        assert running.result().text == "done"
    assert server.process.wait(10) == 0


def test_requests_that_wait_for_others_leave_the_page_alone(server: Server) -> None:
    with ThreadPoolExecutor(16) as pool, httpx.Client() as page:
        waiting = [pool.submit(httpx.get, f"{server.waiting}/0.5", timeout=20) for _ in range(8)]
        time.sleep(0.2)
        began = time.monotonic()
        assert {page.get(server.url).text for _ in range(5)} == {"done"}
        assert time.monotonic() - began < 2, "those that wait take four seconds"
        assert {each.result().text for each in waiting} == {"done"}


def test_the_scheme_of_the_proxy_in_front_arrives(server: Server) -> None:
    """Django compares it with the origin of forms."""
    assert httpx.get(server.url, headers={"X-Forwarded-Proto": "https"}).headers["X-Scheme"] == "https"


def test_a_thread_that_a_request_began_asks_on_while_there_are_no_requests(server: Server, tmp_path: Path) -> None:
    note = tmp_path / "circuit-breakers" / "store@@3"
    assert httpx.get(f"{server.url}/0?away").text == "done"
    first = note.read_text()
    wait("another question", lambda: note.read_text() != first, 10)
    (tmp_path / "back").touch()
    wait("an answer", lambda: not note.exists(), 10)
