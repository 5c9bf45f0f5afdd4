"""A thread asks whether a silent service is back, so that no request of a person waits for the answer.

Once the circuit breaker of a service is open, callers are refused at once, and one thread of the container asks every
second until the service answers. The thread belongs to the process whose caller was refused or saw the silence, so it
starts after uWSGI's fork; a lock on a file, which the kernel gives back when that process ends, keeps it the only one.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from circuit_breakers import SHORT_SECONDS, AwayError, Breaker
from time_limits import in_requests

# Seconds between two questions, and seconds without a caller after which the service is forgotten.
PAUSE_SECONDS, WANTED_SECONDS = 1.0, 600.0
# Whether the service is there; takes no longer than the limits of its calls.
Question = Callable[[], bool]
# The locks that this process holds, as open files.
_held: set[int] = set()


@dataclass(frozen=True)
class Probe:
    """What the thread asks: ``again`` after calls without an answer, ``connects`` after one that nobody took.

    ``unconnected`` is the error of the latter. A single one opens the breaker: unlike a slow answer, no work of the
    service explains it, and a packet that was lost costs no more than the first question.
    """

    again: Question
    connects: Question | None = None
    unconnected: type[Exception] | None = None


@contextmanager
def call(breaker: Breaker, probe: Probe) -> Iterator[None]:
    """A call: AwayError where the breaker is open; errors of the block count if it took its time.

    For jobs of the queue it is that of the breaker: they have the time, and their processes end with them.
    """
    if not in_requests():
        with breaker.call():
            yield
        return
    if not admits(breaker, probe.again):
        raise AwayError(breaker.reason)
    began = time.monotonic()
    try:
        yield
    except Exception as error:
        if probe.connects and probe.unconnected and isinstance(error, probe.unconnected):
            breaker.open()
            watch(breaker, probe.connects)
        elif time.monotonic() - began >= SHORT_SECONDS:
            missed(breaker, probe.again)
        else:
            breaker.answered()
        raise
    breaker.answered()


def admits(breaker: Breaker, question: Question) -> bool:
    """Whether the caller may ask; else the thread does."""
    if breaker.is_open():
        watch(breaker, question)
        return False
    return True


def missed(breaker: Breaker, question: Question) -> None:
    """Take note of a timeout; if it opens the breaker, the thread begins to ask."""
    breaker.missed()
    if breaker.is_open():
        watch(breaker, question)


def answers(ask: Callable[[], Any]) -> bool:
    """Whether a call gets an answer; an error that comes soon is one."""
    began = time.monotonic()
    try:
        ask()
    except Exception:
        soon: bool = time.monotonic() - began < SHORT_SECONDS
        return soon
    return True


def watch(breaker: Breaker, question: Question) -> None:
    """Let a thread ask until the service answers, unless one does; it knows from here that somebody called."""
    breaker.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(breaker.lock, os.O_CREAT | os.O_WRONLY)
    os.utime(lock, (time.time(), time.time()))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return
    _held.add(lock)
    name = f"probe of the {breaker.service}"
    threading.Thread(target=_ask, args=(breaker, question, lock), name=name, daemon=True).start()


def _ask(breaker: Breaker, question: Question, lock: int) -> None:
    try:
        while breaker.is_open():
            if time.time() - os.fstat(lock).st_mtime > WANTED_SECONDS or question():
                breaker.answered()
            elif breaker.renew():
                time.sleep(PAUSE_SECONDS)
    finally:
        _held.discard(lock)
        # A process that was forked in this moment has the file too.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _give_up() -> None:
    """A forked process has no thread of its parent, and must not keep its locks when the parent ends."""
    for lock in _held:
        os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_give_up)
