"""Asks nginx, before an application and stores that are made here, and prints what came of it.

Runs with the standard library alone, as root in the layers of an image and in a network namespace of its own. The
working directory has the configuration as nginx.conf, with a second where ninety stand there.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

PAGE, APPLICATION, WAITING, STORE, ELSEWHERE, SECURE, DNS = 8085, 8000, 8001, 9001, 9002, 9443, 53
TOKEN, SIGNATURE = "invitation-7f3a", "signature-91bc"
UP = 0x1
# More than the connections of nginx as the image configures it: 1,024 of each process.
IDLE = 2100
# Seconds after which those who say nothing are no longer waited for.
SILENCE = 12
# Of those that wait for others, and of those that do not.
PATHS = (
    "/tasks/1/resolve/?fileuri=a",
    "/projects/1/presign/?fileuri=a",
    "/storage-data/uploaded/?filepath=a",
    "/api/projects/1/export?exportType=JSON",
    "/api/projects/1/exports/",
    "/api/projects/1/import",
    "/api/storages/s3/1/sync",
    "/api/ml/1",
    "/api/dm/actions?id=retrieve_tasks_predictions",
    "/",
    "/health",
    "/api/projects/",
    "/api/projects/1/next",
    "/api/projects/1/exported",
    "/api/tasks/1/annotations/",
    "/data/upload/1/a.png",
)
REACT = Path("/label-studio/web/dist/apps/labelstudio/main.js")
HERE = Path.cwd()


class Application(BaseHTTPRequestHandler):
    """Answers by path; what it hands to nginx is in a store."""

    redirections: ClassVar[dict[str, str]] = {
        "/plain": f"http/store.test:{STORE}/bucket/object",
        "/redirected": f"http/store.test:{STORE}/bucket/moved",
        "/secure": f"https/store.test:{SECURE}/bucket/object",
        "/hanging-store": f"http/store.test:{STORE}/hang",
    }

    def do_GET(self) -> None:
        """Slow where the path says so."""
        path = self.path.partition("?")[0]
        if path.endswith("/slow"):
            time.sleep(3)
        self.send_response(200)
        if path in self.redirections:
            self.send_header(
                "X-Accel-Redirect", f"/file_download/{self.redirections[path]}?X-Amz-Signature={SIGNATURE}"
            )
        self.send_header("filename", "export.json")
        self.send_header("X-Port", str(self.connection.getsockname()[1]))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815 - the name that the base class asks for

    def log_message(self, *arguments: Any) -> None:
        """Nothing: the answer of this program is its output."""


class Store(BaseHTTPRequestHandler):
    """Keeps what it was told; an object that was moved is at another host."""

    place: ClassVar[str] = "store"

    told: ClassVar[dict[str, dict[str, str]]] = {}

    def do_GET(self) -> None:
        """The object."""
        path = self.path.partition("?")[0]
        if path == "/hang":
            time.sleep(3)
        self.told[f"{self.place}{path}"] = dict(self.headers)
        if path.endswith("/moved") and self.place == "store":
            self.send_response(307)
            self.send_header("Location", f"http://other.test:{ELSEWHERE}/bucket/moved?X-Amz-Signature={SIGNATURE}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Disposition", 'inline; filename="a.png"')
        self.send_header("x-amz-request-id", "1")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"object")

    def log_message(self, *arguments: Any) -> None:
        """Nothing, as above."""


class Elsewhere(Store):
    """Where the store redirects to."""

    place = "elsewhere"


class Names(socketserver.BaseRequestHandler):
    """A name server for which every name is this machine, by IPv4 alone."""

    def handle(self) -> None:
        """One question, one answer."""
        question, connection = self.request
        end = question.index(b"\0", 12) + 5
        [kind] = struct.unpack("!H", question[end - 4 : end - 2])
        found = kind == 1
        head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(found), 0, 0)
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
        connection.sendto(head + question[12:end] + (answer if found else b""), self.client_address)


class Quiet(ThreadingHTTPServer):
    """Says nothing about clients that left."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *arguments: Any) -> None:
        """A request that nginx gave up."""


def loopback() -> None:
    """Switch on the only device of the namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", UP))  # SIOCSIFFLAGS


def serve(server: socketserver.BaseServer) -> None:
    """In the background, to the end of this program."""
    threading.Thread(target=server.serve_forever, daemon=True).start()


def secure_store(names: list[str | None]) -> Quiet:
    """A store with TLS, which keeps the server names that it is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("tls.crt", "tls.key")
    context.sni_callback = lambda connection, name, own: names.append(name)
    server = Quiet(("127.0.0.1", SECURE), Store)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def ask(path: str, **headers: str) -> dict[str, Any]:
    """Status, headers, text and seconds of an answer."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", PAGE, timeout=15)
    try:
        connection.request(
            "GET", path, headers={"Referer": f"http://a/?token={TOKEN}", "Cookie": "session=1", **headers}
        )
        answer = connection.getresponse()
        text = answer.read().decode()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return {"status": answer.status, "headers": found, "text": text, "seconds": time.monotonic() - begin}
    except OSError as error:
        return {"status": 0, "text": repr(error), "seconds": time.monotonic() - begin}
    finally:
        connection.close()


def announce(path: str, length: int) -> dict[str, Any]:
    """The answer to a form of this length, of which nothing is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", PAGE, timeout=15)
    connection.putrequest("POST", f"{path}?token={TOKEN}")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    answer = connection.getresponse()
    return {"status": answer.status, "text": answer.read().decode(), "type": answer.getheader("Content-Type")}


def among_unfinished_requests() -> dict[str, Any]:
    """How the page answers while one client holds many connections and does not finish what it begins to say."""
    connections: list[socket.socket] = []
    try:
        for _ in range(IDLE):
            connection = socket.create_connection(("127.0.0.1", PAGE), timeout=5)
            connection.sendall(b"GET / HTTP/1.1\r\n")
            connections.append(connection)
        # nginx makes room by closing connections of which it has read nothing yet.
        time.sleep(1)
        return ask("/ok")
    except OSError as error:
        return {"status": 0, "text": repr(error)}
    finally:
        for connection in connections:
            connection.close()


def silence() -> tuple[list[threading.Thread], list[float]]:
    """Seconds until the page ends a connection on which nothing is said, and one with the beginning of a request."""
    found: list[float] = []

    def wait(said: bytes) -> None:
        with socket.create_connection(("127.0.0.1", PAGE), timeout=SILENCE) as connection:
            began = time.monotonic()
            connection.sendall(said)
            try:
                connection.recv(1)
            except ConnectionResetError:
                pass
            except TimeoutError:
                return
            found.append(time.monotonic() - began)

    threads = [threading.Thread(target=wait, args=[said], daemon=True) for said in (b"", b"GET / HTTP/1.1\r\n")]
    for thread in threads:
        thread.start()
    return threads, found


@contextmanager
def nginx() -> Iterator[None]:
    """The server; its logs go to the files stdout and stderr."""
    with (HERE / "stdout").open("ab") as out, (HERE / "stderr").open("ab") as err:
        process = subprocess.Popen(["nginx", "-c", str(HERE / "nginx.conf")], stdout=out, stderr=err)
        try:
            for _ in range(100):
                if ask("/nginx_health")["status"] == http.HTTPStatus.OK:
                    break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    """Every question in its order: as the image has it, nginx refuses everything for a while after some of them."""
    loopback()
    REACT.parent.mkdir(parents=True, exist_ok=True)
    REACT.write_text("main")
    (HERE / "resolv.conf").write_text("resolver 127.0.0.1;")
    names: list[str | None] = []
    serve(socketserver.UDPServer(("127.0.0.1", DNS), Names))
    serve(secure_store(names))
    serve(Quiet(("127.0.0.1", STORE), Store))
    serve(Quiet(("127.0.0.1", ELSEWHERE), Elsewhere))
    limit = int((HERE / "limit").read_text())
    found: dict[str, Any] = {}
    with nginx():
        found["refused"] = [ask(f"{path}?token={TOKEN}") for path in ("/user/signup/", "/api/projects")]
    serve(Quiet(("127.0.0.1", APPLICATION), Application))
    serve(Quiet(("127.0.0.1", WAITING), Application))
    with nginx():
        silent, found["silence"] = silence()
        found["large"] = [announce(path, limit + 1) for path in ("/import", "/api/import")]
        found["ports"] = {path: ask(path)["headers"]["x-port"] for path in PATHS}
        found["react"] = ask("/react-app/main.js?v=1")
        found["react again"] = ask("/react-app/main.js?v=1", **{"If-None-Match": found["react"]["headers"]["etag"]})
        for path in Application.redirections:
            found[path] = ask(f"{path}?token={TOKEN}", Authorization="Token 1")
        found["idle"] = among_unfinished_requests()
        found["slow"] = [ask(f"{path}?token={TOKEN}") for path in ("/slow", "/api/slow")]
        found["after"] = [ask("/ok") for _ in range(20)]
        for thread in silent:
            thread.join()
    found |= {"told": Store.told, "names": names}
    found["log"] = (HERE / "stdout").read_text(errors="replace") + (HERE / "stderr").read_text(errors="replace")
    (HERE / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
