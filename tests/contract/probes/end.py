"""Starts the containers of the page as they are started in a pod, tells them to end, and writes to a file what comes.

Runs with the standard library alone, as root in the layers of an image, in network and mount namespaces of its own. Its
arguments: the file to write, and as JSON the words of the ``args`` of nginx and of the application, which is this file.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

PAGE, APPLICATION = 8085, 8000
ENTRYPOINT = "/label-studio/deploy/docker-entrypoint.sh"
# Seconds that the request takes, and after which the container is told to end.
LASTING, TOLD = 5.0, 1.0
BEGAN = Path("/tmp/began")
# The image's entrypoint reads it as soon as it starts: for a container, and again for nginx in it, which takes longer.
SLOW_START = f"[ ! -e {BEGAN} ] || sleep 2; touch {BEGAN}"


class Application(BaseHTTPRequestHandler):
    """Takes its time."""

    def do_GET(self) -> None:
        """An answer in two parts, the second after LASTING seconds."""
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"be")
        time.sleep(LASTING)
        self.wfile.write(b"en")

    def do_POST(self) -> None:
        """What came."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


def container(args: list[str], **environment: str) -> tuple[subprocess.Popen[bytes], int]:
    """A container in process namespaces of its own, and its first process as it is seen from here."""
    isolated = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ENTRYPOINT]
    given = {**os.environ, "APP_HOST": "127.0.0.1", "OPT_DIR": "/tmp/etc", **environment}
    process = subprocess.Popen([*isolated, *args], env=given)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: bool(children.read_text().split()))
    return process, int(children.read_text().split()[0])


def until(condition: Any) -> None:
    """Wait; the answer of this program is missing if it never comes."""
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(condition)


def is_open(port: int = PAGE) -> bool:
    """Whether somebody takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def ask(answers: list[str]) -> None:
    """The text of the page, or the error."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", PAGE, timeout=20)
        connection.request("GET", "/")
        answers.append(connection.getresponse().read().decode())
    except (OSError, http.client.HTTPException) as error:
        answers.append(repr(error))


def ended(process: subprocess.Popen[bytes]) -> tuple[int | None, float]:
    """Exit status, and seconds until it came; none for a container that had to be killed."""
    began = time.monotonic()
    try:
        return process.wait(20), time.monotonic() - began
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None, time.monotonic() - began


def during_a_request(args: list[str]) -> dict[str, Any]:
    """Told to end while a request runs."""
    process, first = container(args)
    until(is_open)
    answers: list[str] = []
    request = threading.Thread(target=ask, args=[answers])
    request.start()
    time.sleep(TOLD)
    os.kill(first, signal.SIGTERM)
    time.sleep(TOLD)
    still_open = is_open()
    request.join()
    exit_status, seconds = ended(process)
    return {"answer": answers[0], "open": still_open, "exit": exit_status, "seconds": seconds}


def during_the_start(args: list[str]) -> dict[str, Any]:
    """Told to end while the entrypoint still prepares nginx."""
    script = Path("/tmp/slow.sh")
    script.write_text(SLOW_START)
    process, first = container(args, ENV_INJECT_SOURCES=str(script))
    until(BEGAN.exists)
    time.sleep(TOLD)
    os.kill(first, signal.SIGTERM)
    exit_status, seconds = ended(process)
    return {"exit": exit_status, "seconds": seconds}


def without_a_port(args: list[str]) -> int | None:
    """The exit status of an nginx that fails by itself."""
    with socket.create_server(("127.0.0.1", PAGE)):
        return ended(container(args)[0])[0]


def during_an_upload(proxy: list[str], application: list[str]) -> dict[str, Any]:
    """Both told to end while half of a request has arrived; the application would end at once."""
    containers = [container(application), container(proxy)]
    until(lambda: is_open(APPLICATION) and is_open())
    with socket.create_connection(("127.0.0.1", PAGE), timeout=20) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: page\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbe")
        time.sleep(TOLD)
        for _, first in containers:
            os.kill(first, signal.SIGTERM)
        time.sleep(2 * TOLD)
        client.sendall(b"en")
        answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()
    (exit_status, _), (_, seconds) = (ended(process) for process, _ in containers)
    return {"status": answer.split()[1:2], "body": answer[-4:], "exit": exit_status, "seconds": seconds}


def serve() -> None:
    """The application, which ends at once when it is told to."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    HTTPServer(("127.0.0.1", APPLICATION), Application).serve_forever()


def main() -> None:
    """One question after the other."""
    if sys.argv[1:] == ["serve"]:
        serve()
    file, proxy, application = sys.argv[1], *map(json.loads, sys.argv[2:])
    server = HTTPServer(("127.0.0.1", APPLICATION), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found: dict[str, Any] = {"failed": without_a_port(proxy), "request": during_a_request(proxy)}
    found["start"] = during_the_start(proxy)
    server.shutdown()
    server.server_close()
    found["upload"] = during_an_upload(proxy, application)
    Path(file).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
