"""Which jobs may run twice, which take minutes, and the queue that treats them so.

The lists are closed: a job that is on none of them runs once, in the queue that Label Studio chose. Names: 1.20.0 and
1.23.2. Runs inside Label Studio's containers, so it knows nothing of this project.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_rq
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.exceptions import HTTPClientError
from circuit_breakers import AwayError
from django.db import InterfaceError, OperationalError
from django_rq.queues import DjangoRQ
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis_away import REASON, miss
from redis_queues import LONG as LONG_QUEUE
from rest_framework.exceptions import APIException
from rq import Retry
from rq.exceptions import AbandonedJobError
from target_storages import EXPORTS

# Seconds between the attempts.
BACKOFF = (10, 60, 300, 900)
KEEP_FOR_EVER = -1
WEBHOOKS = frozenset(
    {
        "webhooks.utils.emit_webhooks_for_instance_sync",
        "webhooks.utils.emit_webhooks_sync",
        "webhooks.utils.run_webhook_sync",
    }
)
# What one saved annotation causes.
SHORT = EXPORTS | WEBHOOKS
RECONCILE = "target_storages.reconcile"
PREDICTIONS = "declared_models.predict_all"
SYNCS = frozenset(
    {
        "io_storages.base_models.import_sync_background",
        "io_storages.base_models.export_sync_background",
        "io_storages.base_models.export_sync_only_new_background",
    }
)
# These wait for nothing but each other: they have a queue and a worker of their own.
LONG = SYNCS | {
    RECONCILE,
    "data_export.mixins.export_background",
    "data_export.api.async_convert",
    "export_jobs.run",
    PREDICTIONS,
    "declared_models.train",
    "declared_models.train_if_due",
    "data_import.functions.async_import_background",
    "data_import.functions.async_reimport_background",
}
# Done twice, these leave the same state as done once. Not here: webhooks, whose receivers would hear twice; imports
# and exports that a person waits for and starts again; database migrations.
REPEATABLE = (
    EXPORTS
    | SYNCS
    | {
        PREDICTIONS,
        "tasks.functions.update_tasks_counters",
        "data_manager.actions.basic.async_project_summary_recalculation",
        "projects.functions.utils.recalculate_created_annotations_and_labels_from_scratch",
        "projects.models.Project._rearrange_overlap_cohort",
        "projects.models.Project._update_tasks_counters_and_is_labeled",
        "projects.models.Project._update_tasks_counters_and_task_states",
        "projects.models.Project._update_tasks_states",
        "tasks.models.Task.delete_tasks_without_signals_from_task_ids",
        "users.functions.last_activity.sync_user_activities_to_db",
    }
)


# Errors that the same job need not meet again.
PASSING = (
    OperationalError,
    InterfaceError,
    RedisConnectionError,
    RedisTimeoutError,
    BotocoreConnectionError,
    HTTPClientError,
    AbandonedJobError,
    AwayError,
    OSError,
)


class QueueAwayError(APIException):  # type: ignore[misc]
    """Redis stopped to answer after it had just done so."""

    status_code = 503
    default_detail = REASON


def is_passing(kind: type[BaseException]) -> bool:
    """Whether a job that failed so is worth another attempt."""
    return issubclass(kind, PASSING)


def name_of(function: Callable[..., Any] | str) -> str:
    """The name under which workers import a job's function."""
    return function if isinstance(function, str) else f"{function.__module__}.{function.__qualname__}"


class StackQueue(DjangoRQ):  # type: ignore[misc]
    """A queue that repeats what may be repeated, keeps what failed, and knows which worker is for what."""

    # Of Redis, for this process.
    known_version: Any = None

    def get_redis_server_version(self) -> Any:
        """Asked once: Label Studio makes a queue for each job."""
        if StackQueue.known_version is None:
            StackQueue.known_version = super().get_redis_server_version()
        return StackQueue.known_version

    def create_job(self, func: Any, *args: Any, **options: Any) -> Any:
        """Retries for what is repeatable; what fails for good is kept until somebody has read it."""
        if name_of(func) in REPEATABLE and options.get("retry") is None:
            options["retry"] = Retry(max=len(BACKOFF), interval=list(BACKOFF))
        return super().create_job(func, *args, **{**options, "failure_ttl": KEEP_FOR_EVER})

    def enqueue_call(self, func: Any, *args: Any, **options: Any) -> Any:
        """Long jobs go to their own queue; a short one runs here and now if Redis left a moment ago."""
        name = name_of(func)
        if name in LONG and self.name != LONG_QUEUE:
            return django_rq.get_queue(LONG_QUEUE).enqueue_call(func, *args, **options)
        try:
            return super().enqueue_call(func, *args, **options)
        except (RedisConnectionError, RedisTimeoutError) as error:
            miss(error)
            if name not in SHORT:
                raise QueueAwayError from error
            # rq gives arguments of the function by these names.
            return func(*(options.get("args") or ()), **(options.get("kwargs") or {}))
