"""The jobs that failed for good, as a line of JSON: ``count``, ``list``, or ``rerun`` all or those of the given ids.

Failed jobs stay until somebody has read of them: ``list`` lets each that it shows expire after ``KEEP_DAYS``, counted
from the first time that it was shown. Runs in a worker's container, without loading Label Studio.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from django_rq.queues import get_redis_connection
from redis_queues import queues
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.registry import FailedJobRegistry
from time_limits import redis

KEEP_DAYS = 14
KEEP_SECONDS = KEEP_DAYS * 86400
REASON_LENGTH = 300
Failed = tuple[FailedJobRegistry, Any]


def failed(connection: Any) -> Iterator[Failed]:
    """Each failed job with its registry."""
    for name in queues(redis()):
        registry = FailedJobRegistry(name, connection=connection)
        # Not by the registry's own methods, which clean up while they count.
        for identifier in connection.zrange(registry.key, 0, -1):
            try:
                yield registry, Job.fetch(identifier.decode(), connection=connection)
            except NoSuchJobError:
                connection.zrem(registry.key, identifier)


def facts(registry: FailedJobRegistry, job: Any) -> dict[str, str]:
    """What a person wants to know of a job; not its arguments, which may hold what people wrote."""
    when = job.ended_at or job.created_at
    return {
        "id": job.id,
        "queue": registry.name,
        "job": (job.description or "").partition("(")[0],
        "failed": when.isoformat(timespec="seconds") if when else "",
        "reason": reason(job),
    }


def reason(job: Any) -> str:
    """The last line of what the job said; since Redis 5 it is in a result beside the job."""
    result = job.latest_result()
    lines = ((result and result.exc_string) or job._exc_info or "").strip().splitlines()
    return lines[-1][:REASON_LENGTH] if lines else "unknown"


def count(connection: Any) -> dict[str, Any]:
    """How many there are of each job, with the newest reason."""
    kinds: dict[str, dict[str, Any]] = {}
    for each in sorted((facts(*pair) for pair in failed(connection)), key=lambda each: each["failed"]):
        kind = kinds.setdefault(each["job"], {"job": each["job"], "count": 0})
        kind |= {"count": kind["count"] + 1, "reason": each["reason"]}
    return {"failed": sum(kind["count"] for kind in kinds.values()), "kinds": list(kinds.values())}


def listed(connection: Any) -> list[dict[str, str]]:
    """All of them; from now on each is kept for ``KEEP_DAYS``, if it was not listed before."""
    shown = []
    for registry, job in failed(connection):
        shown.append(facts(registry, job))
        if connection.zscore(registry.key, job.id) < 0:
            connection.zadd(registry.key, {job.id: time.time() + KEEP_SECONDS})
            # The entry goes first: a job without one would be found by nobody.
            connection.expire(job.key, KEEP_SECONDS + 3600)
    return sorted(shown, key=lambda each: each["failed"])


def rerun(connection: Any, wanted: Sequence[str]) -> dict[str, Any]:
    """Queue them again, with as many attempts as a new job; says which of ``wanted`` are not there."""
    again = []
    for registry, job in failed(connection):
        if not wanted or job.id in wanted:
            job.retries_left = len(job.retry_intervals) if job.retry_intervals else None
            registry.requeue(job)
            connection.persist(job.key)
            again.append(job.id)
    return {"queued": len(again), "unknown": sorted(set(wanted) - set(again))}


def main(command: str, *arguments: str) -> Any:
    """What one of the three commands answers."""
    connection = get_redis_connection(queues(redis())["default"])
    if command == "rerun":
        return rerun(connection, arguments)
    return {"count": count, "list": listed}[command](connection)


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main(*sys.argv[1:]))}\n")
