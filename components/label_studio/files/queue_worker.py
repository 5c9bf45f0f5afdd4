"""The queue workers: short jobs in the worker itself, everything else in a process of its own.

A fork costs more than the export of an annotation does, most of it for a new S3 client, since Label Studio's cache of
clients dies with each fork. Large jobs keep the fork: what they leave in memory ends with them, and what kills them
leaves the worker alive.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with RQ 1.16.2 and 2.6.1.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.db import close_old_connections, connections
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis_queues import LONG as LONG_QUEUE
from repeatable_jobs import RECONCILE, SHORT
from rq import SimpleWorker, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry

logger = logging.getLogger(__name__)

AWAIT_SECONDS = 2
# Redis is asked at most once in so many seconds whether it still knows a worker, which it hears of many times a second.
BIRTH_SECONDS = 10
# Seconds that a short job may take; one of a worker that died is given back after so long, at the latest.
SHORT_SECONDS = 120
MAINTENANCE_SECONDS = 120
RECONCILE_SECONDS = 300
# As Label Studio has it for its own long jobs.
RECONCILE_TIMEOUT_SECONDS = 36000
RECONCILE_DUE = "stack:reconcile-due"
RECONCILE_JOB = "reconcile-targets"
WAITING = {JobStatus.QUEUED, JobStatus.STARTED, JobStatus.SCHEDULED, JobStatus.DEFERRED}


class UntilRedisAnswers(Retry):  # type: ignore[misc]
    """Repeats what Redis did not answer, so that RQ, which ends its worker at the first such error, sees none.

    A job that runs meanwhile goes on. A password that Redis refuses is no silence, and a worker that is told to stop
    does not wait.
    """

    ending = False

    def __init__(self) -> None:
        super().__init__(NoBackoff(), -1)

    def call_with_retry(self, do: Callable[[], Any], fail: Callable[[Any], Any], *_: Any, **__: Any) -> Any:
        """What ``do`` returns in the end; ``fail`` is told each error, as redis-py does it."""
        while True:
            try:
                return do()
            except AuthenticationError:
                raise
            except (RedisConnectionError, RedisTimeoutError, OSError) as error:
                fail(error)
                # The scheduler, the one process of multiprocessing, knows nothing of an end; RQ starts it again.
                if UntilRedisAnswers.ending or multiprocessing.parent_process():
                    raise
                logger.warning("Redis does not answer: %s", error)
                time.sleep(AWAIT_SECONDS)


def _wait_for(connection: Any) -> None:
    """Make a client of Redis wait; the pool opens and greets a connection before a command repeats anything."""
    pool, retry = connection.connection_pool, UntilRedisAnswers()
    pool.connection_kwargs |= {"retry": retry, "retry_on_error": [RedisConnectionError, RedisTimeoutError]}
    pool.get_connection = _repeated(pool.get_connection, retry)


def _repeated(call: Callable[..., Any], retry: UntilRedisAnswers) -> Callable[..., Any]:
    @wraps(call)
    def repeated(*arguments: Any, **options: Any) -> Any:
        return retry.call_with_retry(partial(call, *arguments, **options), lambda _: None)

    return repeated


class StackWorker(Worker):  # type: ignore[misc]
    """A worker that forks for what is not short, and gives back what its predecessor was at when it died."""

    # When Redis was last asked for this worker (monotonic clock).
    asked = float("-inf")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"maintenance_interval": MAINTENANCE_SECONDS, **options})
        for queue in self.queues:
            if queue.connection is not self.connection:
                _wait_for(queue.connection)

    def _set_connection(self, connection: Any) -> Any:
        # RQ 1.16 leaves the limit of a request on a connection that waits for jobs, which takes longer.
        connection.connection_pool.connection_kwargs.pop("socket_timeout", None)
        _wait_for(connection)
        return super()._set_connection(connection)

    def request_stop(self, *arguments: Any) -> None:
        """Wait no longer for Redis, which may be gone for good where a whole stack is destroyed."""
        UntilRedisAnswers.ending = True
        super().request_stop(*arguments)

    def heartbeat(self, timeout: Any = None, pipeline: Any = None) -> None:
        """Be born again for a Redis that forgot this worker, in a long silence or with its memory: probes ask it."""
        if pipeline is None and time.monotonic() - self.asked > BIRTH_SECONDS:
            if not self.connection.hexists(self.key, "birth"):
                self.connection.delete(self.key)
                super().register_birth()
            self.asked = time.monotonic()
        super().heartbeat(timeout, pipeline)

    def execute_job(self, job: Any, queue: Any) -> None:
        """Run a short job here; for another one, share no connection to the database with the child."""
        if job.func_name not in SHORT:
            connections.close_all()
            super().execute_job(job, queue)
            return
        close_old_connections()
        try:
            SimpleWorker.execute_job(self, job, queue)
        finally:
            close_old_connections()

    def get_heartbeat_ttl(self, job: Any) -> int:
        """Seconds after which the job counts as abandoned; nothing renews it while the worker itself runs it."""
        ttl: int = SHORT_SECONDS if job.func_name in SHORT else super().get_heartbeat_ttl(job)
        return ttl

    def register_birth(self) -> None:
        """A worker of the same pod and queues that is still registered died with this container's predecessor."""
        super().register_birth()
        for other in Worker.all(connection=self.connection):
            same = (other.hostname, other.queue_names()) == (self.hostname, self.queue_names())
            if same and other.name != self.name:
                if identifier := other.get_current_job_id():
                    self._give_back(identifier)
                other.register_death()

    def _give_back(self, identifier: str) -> None:
        try:
            job = Job.fetch(identifier, connection=self.connection)
        except NoSuchJobError:
            return
        registry = StartedJobRegistry(job.origin, connection=self.connection)
        # RQ 2 adds the execution to the name of the job.
        members = [name for name in self.connection.zrange(registry.key, 0, -1) if name.decode().startswith(identifier)]
        if members:
            self.connection.zadd(registry.key, dict.fromkeys(members, 1))
            registry.cleanup()

    def run_maintenance_tasks(self) -> None:
        """RQ's own, which give back what was abandoned, and now and then a reconciliation of the targets."""
        super().run_maintenance_tasks()
        if self.connection.set(RECONCILE_DUE, 1, nx=True, ex=RECONCILE_SECONDS):
            self._reconcile()

    def _reconcile(self) -> None:
        """Queue it, unless one waits or runs; the last one is forgotten, with what it said."""
        try:
            job = Job.fetch(RECONCILE_JOB, connection=self.connection)
            if job.get_status() in WAITING:
                return
            job.delete()
        except NoSuchJobError:
            pass
        queue = self.queue_class(LONG_QUEUE, connection=self.connection)
        queue.enqueue_call(RECONCILE, timeout=RECONCILE_TIMEOUT_SECONDS, job_id=RECONCILE_JOB)
