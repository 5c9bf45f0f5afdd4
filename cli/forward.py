"""A port of the loopback that leads into a pod, by way of the API server; the pod needs no address outside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import portforward
from urllib3.exceptions import HTTPError

from .errors import ProjectError

Connect = Callable[[], Any]
CHUNK = 64 * 1024


@dataclass(frozen=True)
class Target:
    """A port of a pod."""

    namespace: str
    pod: str
    port: int


@contextmanager
def forward(connect: Connect, choose: Callable[[], Target], local_port: int = 0) -> Iterator[int]:
    """Each connection to the local port (0 is any free one) gets a stream of its own, to the pod chosen then."""
    with socket.create_server(("127.0.0.1", local_port)) as listener:
        threading.Thread(target=_serve, args=(listener, connect, choose), daemon=True).start()
        yield int(listener.getsockname()[1])


def _serve(listener: socket.socket, connect: Connect, choose: Callable[[], Target]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_relay, args=(connection, connect, choose), daemon=True).start()


def _relay(connection: socket.socket, connect: Connect, choose: Callable[[], Target]) -> None:
    try:
        remote = _stream(connect, choose())
    except (ApiException, HTTPError, ProjectError, OSError):
        # The pod has gone, or no other is ready yet: the client sees a closed connection, and may try again.
        connection.close()
        return
    back = threading.Thread(target=_copy, args=(remote, connection), daemon=True)
    back.start()
    _copy(connection, remote)
    back.join()
    connection.close()
    remote.close()


def _stream(connect: Connect, target: Target) -> Any:
    # A client of its own: while it opens a stream, the library's client can do nothing else.
    core = client.CoreV1Api(connect())
    open_stream = core.connect_get_namespaced_pod_portforward
    return portforward(open_stream, target.pod, target.namespace, ports=str(target.port)).socket(target.port)


def _copy(source: Any, target: Any) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
