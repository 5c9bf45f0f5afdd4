"""Names that were found before are known while the cluster's DNS is silent.

A silent DNS makes each new connection wait for the C library, once for every domain of its search list: some 8 to 20
seconds. Here the answer before is used at once from the second time on, and one thread asks again meanwhile.
Names that were never found are asked for as ever. Nothing is remembered for less: where DNS answers, its answer counts.

Runs inside Label Studio's containers, so it knows nothing of this project. Python's own look-ups alone come here, such
as those of the clients of Redis, stores and model servers; PostgreSQL's client has its own, and keeps its connections.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from background_probes import admits, missed
from circuit_breakers import SHORT_SECONDS, Breaker

DNS = Breaker("DNS of the cluster", limit=1)
# Questions whose answers are kept; people may name any host.
MOST = 256
Find = Callable[..., Any]
# Host, port, and what else a look-up is given, by place and by name.
Question = tuple[Any, Any, tuple[Any, ...], tuple[tuple[str, Any], ...]]


def remember() -> None:
    """Put this in the place of the look-up that all clients use."""
    socket.getaddrinfo = _remembering(socket.getaddrinfo)


def _remembering(find: Find) -> Find:
    known: dict[Question, Any] = {}

    def ask(question: Question) -> Any:
        host, port, options, named = question
        answer = find(host, port, *options, **dict(named))
        known.pop(question, None)
        known[question] = answer
        while len(known) > MOST:
            known.pop(next(iter(known)), None)
        if DNS.is_open():
            DNS.answered()
        return answer

    def answers(question: Question) -> bool:
        try:
            ask(question)
        except OSError as error:
            # That there is no such name is an answer.
            return isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN
        return True

    @wraps(find)
    def found(host: Any, port: Any, *options: Any, **named: Any) -> Any:
        if _is_address(host):
            return find(host, port, *options, **named)
        question = (host, port, options, tuple(named.items()))
        before = known.get(question)
        if before is None:
            return ask(question)
        if not admits(DNS, partial(answers, question)):
            return before
        began = time.monotonic()
        try:
            return ask(question)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or time.monotonic() - began < SHORT_SECONDS:
                raise
            missed(DNS, partial(answers, question))
            return before

    return found


def _is_address(host: Any) -> bool:
    """Whether it is known without DNS; a missing host is one's own."""
    if host is None:
        return True
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True
