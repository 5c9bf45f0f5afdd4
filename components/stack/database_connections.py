"""How many connections Label Studio opens at its most pods, and whether the server of the stack lets it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..postgresql.parameters import parameter_number
from ..postgresql.settings import ExternalPostgres
from ..redis.settings import NoRedis

if TYPE_CHECKING:
    from .rules import Problem
    from .settings import Settings

# PostgreSQL's own default, which the operators keep.
DEFAULT_LIMIT = 100
# Of the limit: superuser_reserved_connections, which is 3, and as many again for people, jobs and the operator.
SPARE = 6
# A process of the page works on one request at a time, on one connection, which it keeps.
PER_PROCESS = 1
# A queue worker, its scheduler, the process of its job, and the threads with which a job writes to a target storage
# (io_storages/base_models.py of 1.20.0 and 1.23.2). Without workers the page does that itself.
SYNC_THREADS = 8
PER_WORKER = 3 + SYNC_THREADS
# Pods that a rolling update starts before others end: Kubernetes' default.
SURGE = 0.25


def needed_connections(settings: Settings) -> int:
    """The most that pods of the page and queue workers have open at once, in the middle of an update too."""
    chosen = settings.label_studio
    page = _at_most(chosen.maximum_replicas)
    processes = page * chosen.processes * PER_PROCESS
    if isinstance(settings.redis, NoRedis):
        return processes + page * SYNC_THREADS
    return processes + _at_most(chosen.worker.replicas) * PER_WORKER


def connection_problems(settings: Settings) -> Iterator[Problem]:
    """A server of this stack whose limit is too low; that of another one is known to its set-up job only."""
    database = settings.postgresql
    if isinstance(database, ExternalPostgres):
        return
    given = database.parameters.get("max_connections")
    limit = DEFAULT_LIMIT if given is None else parameter_number("max_connections", given, database.version)
    needed = needed_connections(settings) + SPARE
    if limit < needed:
        yield (
            ("postgresql", "parameters"),
            f"max_connections must be at least {needed} for so many pods, processes and queue workers; "
            f"write {needed} instead of {limit}, or lower maxReplicas, uwsgiProcesses or worker.replicas",
        )


def _at_most(replicas: int) -> int:
    return replicas + math.ceil(SURGE * replicas)
