"""How long Label Studio waits for each service that it calls, in requests of people and in jobs of the queue.

A service that refuses is noticed at once; one that is silent (packets dropped, a dead node, a stuck disk) holds its
caller until a limit ends the call. Neither Label Studio nor the libraries set most of these limits.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limit:
    """Seconds to connect and for each answer, and how often the call is made; 0 to read means that nothing ends it."""

    connect: float
    read: float
    attempts: int = 1


# A statement or a prediction of a request ends before the proxy gives up, so that people read the reason.
REQUEST_SECONDS = 80
PAGE = {
    # libpq takes no less than 2 seconds to connect. Both together stay below 5 seconds.
    "PostgreSQL": Limit(2, 2.5),
    "Redis": Limit(2, 3),
    "object store": Limit(2, 10, 2),
    # Of those who ask before it is known that nobody answers, each process has one, and all others wait for these. More
    # time would help little: a lost packet is sent again after a second.
    "model server": Limit(0.5, REQUEST_SECONDS),
    "webhook": Limit(1, 1),
    "import from a URL": Limit(3, 15),
}
WORKER = {
    "PostgreSQL": Limit(5, 15),
    # Workers wait for jobs on the same connection; what was sent must be confirmed within this time.
    "Redis": Limit(2, 15),
    "object store": Limit(5, 60, 3),
    "model server": PAGE["model server"],
    "webhook": PAGE["webhook"],
    "import from a URL": PAGE["import from a URL"],
}
# Seconds of silence after which the other side is asked, the seconds between two questions, and how many of them.
KEEPALIVE = (10, 5, 3)


def in_requests() -> bool:
    """Whether this process serves the page; uWSGI alone has the module."""
    return "uwsgi" in sys.modules


def limits() -> dict[str, Limit]:
    """The limits of this process."""
    return PAGE if in_requests() else WORKER


def postgresql() -> dict[str, int]:
    """Options of libpq. A server that is there and computes is not silent: that is for the limit of statements."""
    limit = limits()["PostgreSQL"]
    idle, interval, count = KEEPALIVE
    return {
        "connect_timeout": int(limit.connect),
        "tcp_user_timeout": int(limit.read * 1000),
        "keepalives": 1,
        "keepalives_idle": idle,
        "keepalives_interval": interval,
        "keepalives_count": count,
    }


def server_side() -> dict[str, str]:
    """Parameters of a session that any user of PostgreSQL 13 or newer may set, as text."""
    idle, interval, count = KEEPALIVE
    parameters = {
        "tcp_keepalives_idle": str(idle),
        "tcp_keepalives_interval": str(interval),
        "tcp_keepalives_count": str(count),
        "tcp_user_timeout": str((idle + interval * count) * 1000),
    }
    return {**parameters, "statement_timeout": f"{REQUEST_SECONDS}s"} if in_requests() else parameters


def redis() -> dict[str, Any]:
    """Options of a client of Redis; a worker that waits for jobs takes a longer time to read."""
    limit = limits()["Redis"]
    idle, interval, count = KEEPALIVE
    return {
        "socket_connect_timeout": limit.connect,
        "socket_timeout": limit.read,
        "socket_keepalive": True,
        "socket_keepalive_options": {
            socket.TCP_KEEPIDLE: idle,
            socket.TCP_KEEPINTVL: interval,
            socket.TCP_KEEPCNT: count,
            socket.TCP_USER_TIMEOUT: int(limit.read * 1000),
        },
    }
