"""A look at the namespace of a stack every few seconds, beside the command that changes it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from components.stack.api_server import ApiServer, ClusterError, connected
from components.stack.cluster import ClusterSettings

from .reasons import Object, Observer
from .silence import silent_services

EVERY = 5.0
# A look that the API server does not answer any more must not keep the command from ending.
LAST_LOOK = 2.0
Say = Callable[[str], None]


def say(line: str) -> None:
    """One line beside what the command prints, which may have begun one with the dots of its progress."""
    sys.stderr.write(f"\n{line}\n")
    sys.stderr.flush()


class Watcher:
    """Tells each reason once, as soon as it has lasted for longer than it may; again where it went and came back."""

    def __init__(self, tell: Say = say) -> None:
        self._tell = tell
        self._since: dict[tuple[str, str], float] = {}
        self._told: set[tuple[str, str]] = set()

    def look(self, observer: Observer) -> None:
        """Ask the cluster once."""
        now = time.monotonic()
        found = {(reason.about, reason.cause): reason for reason in observer.reasons()}
        self._since = {key: self._since.get(key, now) for key in found}
        self._told &= found.keys()
        for key, reason in found.items():
            if key not in self._told and now - self._since[key] >= reason.patience:
                self._told.add(key)
                self._tell(f"Waiting: {reason}")


def observer(cluster: ClusterSettings, server: ApiServer) -> Observer:
    """How to look at the namespace of these settings."""
    kubectl = f"kubectl --context {cluster.context} --namespace {cluster.namespace}"
    return Observer(server.read, cluster.namespace, kubectl, text=server.text)


@contextmanager
def watched(cluster: ClusterSettings) -> Iterator[None]:
    """Tell what the stack waits for, until the block ends; silent where the cluster cannot be asked."""
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(cluster, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LAST_LOOK)


def current(cluster: ClusterSettings) -> list[str]:
    """What the stack and its page wait for now, a line each; ClusterError where the cluster does not answer."""
    with connected(cluster) as server:
        if server is None:
            return []
        reasons = [f"Waiting: {reason}" for reason in observer(cluster, server).reasons()]
        pods = server.read(f"/api/v1/namespaces/{cluster.namespace}/pods") or {}
        silent = silent_services(partial(_read_of_pod, server), pods.get("items", []))
        return [*reasons, *(f"No answer: {each}" for each in silent)]


def _read_of_pod(server: ApiServer, path: str) -> Object | None:
    """What a pod says; None where the API server does not reach it, or something else answers."""
    try:
        return server.read(path)
    except (ClusterError, ValueError):
        return None


def _watch(cluster: ClusterSettings, ended: threading.Event) -> None:
    watcher = Watcher()
    while not ended.wait(EVERY):
        # What goes wrong here is for the command itself to tell, which asks the same cluster. Credentials that have
        # expired meanwhile are fetched anew.
        with suppress(ClusterError), connected(cluster) as server:
            if server is None:
                return
            while not ended.is_set():
                watcher.look(observer(cluster, server))
                ended.wait(EVERY)
