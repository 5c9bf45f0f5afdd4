"""Syncs of one storage follow each other: none is refused, none runs beside another, none starts over for nothing.

Label Studio lets a sync begin only from the status ``queued``, which a second request, a health check or a retry may
have changed meanwhile; the job then fails with ``Storage status (completed) must be QUEUED``. Here a request during a
sync lets that sync look once more before it says ``completed``, and a job that is repeated begins whatever the status.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.apps import AppConfig
from django.db import Error as DatabaseError
from django.db import connection, transaction

LOCK = "SELECT pg_advisory_lock(hashtext(%s))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext(%s))"
# Seconds for which a request is remembered if the sync that it came to never ends.
REMEMBERED_SECONDS = 86400
Method = Callable[..., Any]


class StorageSyncs(AppConfig):  # type: ignore[misc]
    """The Django application that lets syncs follow each other, once all of Label Studio is loaded."""

    name = "storage_syncs"

    def ready(self) -> None:
        """AttributeError where this release has other steps."""
        from io_storages import base_models  # noqa: PLC0415 - models can be imported now only

        info, source, target = base_models.StorageInfo, base_models.ImportStorage, base_models.ExportStorage
        info.info_set_in_progress = _from_any_status(info.info_set_in_progress)
        for name in ("info_set_completed", "info_set_completed_with_errors"):
            if hasattr(info, name):
                setattr(info, name, _unless_asked_again(getattr(info, name)))
        for storage in (source, target):
            storage.sync = _one_after_another(storage.sync)
        source._scan_and_create_links = _alone(source._scan_and_create_links)
        target.save_annotations = _alone(target.save_annotations)
        base_models.storage_background_failure = _unless_repeated(base_models.storage_background_failure)


def _key(storage: Any) -> str:
    return f"storage-sync:{storage._meta.db_table}:{storage.pk}"


def _redis() -> Any:
    """The connection as of now: ``redis_away`` puts it into the module."""
    from core import redis as queue  # noqa: PLC0415 - not before all applications are there

    return queue


def _is_asked_again(storage: Any) -> bool:
    queue = _redis()
    return bool(queue.redis_connected() and queue._redis.delete(_key(storage)))


@contextmanager
def _locked(storage: Any) -> Iterator[Any]:
    """The storage as the database has it, which nobody else changes within the block."""
    with transaction.atomic():
        yield type(storage).objects.select_for_update().get(pk=storage.pk)


def _one_after_another(sync: Method) -> Method:
    @wraps(sync)
    def asked(storage: Any, *arguments: Any, **options: Any) -> Any:
        queue = _redis()
        if queue.redis_connected():
            # What died with its worker must not keep others waiting.
            storage.health_check()
            with _locked(storage) as found:
                if found.status == storage.Status.QUEUED:
                    return None
                if found.status == storage.Status.IN_PROGRESS:
                    queue._redis.set(_key(storage), 1, ex=REMEMBERED_SECONDS)
                    return None
        return sync(storage, *arguments, **options)

    return asked


def _from_any_status(begin: Method) -> Method:
    @wraps(begin)
    def begun(storage: Any) -> Any:
        storage.refresh_from_db(fields=["status", "meta"])
        storage.status = storage.Status.QUEUED
        storage.meta = {key: value for key, value in (storage.meta or {}).items() if key != "time_failure"}
        return begin(storage)

    return begun


def _unless_asked_again(end: Method) -> Method:
    @wraps(end)
    def ended(storage: Any, *arguments: Any, **options: Any) -> Any:
        # Whoever asks takes the same lock: the request is seen here, or it finds the storage completed.
        with _locked(storage):
            storage.sync_again = _is_asked_again(storage)
            return None if storage.sync_again else end(storage, *arguments, **options)

    return ended


def _alone(work: Method) -> Method:
    @wraps(work)
    def alone(storage: Any, *arguments: Any, **options: Any) -> None:
        with _only_one(_key(storage)):
            _is_asked_again(storage)
            storage.sync_again = True
            while storage.sync_again:
                storage.sync_again = False
                work(storage, *arguments, **options)

    return alone


@contextmanager
def _only_one(name: str) -> Iterator[None]:
    """Wait for the sync of another worker; the lock ends with the connection of one that dies."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [name])
    try:
        yield
    finally:
        _unlock(name)


def _unlock(name: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(UNLOCK, [name])
    except DatabaseError:
        # The connection is gone, and the lock with it; the error that matters is on its way.
        connection.close()


def _unless_repeated(failed: Method) -> Method:
    @wraps(failed)
    def failure(*arguments: Any, **options: Any) -> Any:
        from repeatable_jobs import is_passing  # noqa: PLC0415 - it needs Redis, which a stack may be without
        from rq.job import Job  # noqa: PLC0415

        job, kind = arguments[0], arguments[2] if len(arguments) > 2 else None
        if not isinstance(job, Job) or not job.retries_left:
            return failed(*arguments, **options)
        if kind is None or not is_passing(kind):
            # The same again would fail again: whoever waits is told now.
            job.retries_left = 0
            return failed(*arguments, **options)
        storage, identifier = job.args[:2]
        return storage.objects.filter(pk=identifier).update(status=storage.Status.QUEUED)

    return failure
