"""A port of the loopback that leads into a pod, by way of the API server; the pod needs no address outside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kubernetes import client
from kubernetes.stream import portforward

Connect = Callable[[], Any]
CHUNK = 64 * 1024


@contextmanager
def forward(connect: Connect, pod: str, namespace: str, port: int) -> Iterator[int]:
    """Each connection to the port gets a stream of its own to the pod."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, connect, pod, namespace, port), daemon=True).start()
        yield int(listener.getsockname()[1])


def _serve(listener: socket.socket, connect: Connect, pod: str, namespace: str, port: int) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_relay, args=(connection, connect, pod, namespace, port), daemon=True).start()


def _relay(connection: socket.socket, connect: Connect, pod: str, namespace: str, port: int) -> None:
    # A client of its own: while it opens a stream, the library's client can do nothing else.
    core = client.CoreV1Api(connect())
    streams = portforward(core.connect_get_namespaced_pod_portforward, pod, namespace, ports=str(port))
    remote = streams.socket(port)
    back = threading.Thread(target=_copy, args=(remote, connection), daemon=True)
    back.start()
    _copy(connection, remote)
    back.join()
    connection.close()
    remote.close()


def _copy(source: Any, target: Any) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
