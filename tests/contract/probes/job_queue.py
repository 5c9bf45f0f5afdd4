"""What the queue, the targets and the syncs do in a release: with a Redis that is away, and a bucket in memory."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from unittest import mock

import django
from django.conf import settings

settings.MIGRATION_MODULES = mock.MagicMock(__contains__=lambda *_: True, __getitem__=lambda *_: None)
django.setup()

from django.db import connection  # noqa: E402

kept_from_loading = connection.connection is not None

import django_rq  # noqa: E402
import queue_worker  # noqa: E402
import redis_away  # noqa: E402
import repeatable_jobs  # noqa: E402
import target_storages  # noqa: E402
from core import redis as queue  # noqa: E402
from data_manager.actions import basic  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402
from io_storages.s3.models import (  # noqa: E402
    S3ExportStorage,
    S3ExportStorageLink,
    S3ImportStorage,
    async_export_annotation_to_s3_storages,
)
from ml.api_connector import MLApi, MLApiResult  # noqa: E402
from ml.models import MLBackend  # noqa: E402
from organizations.models import Organization  # noqa: E402
from projects.models import Project  # noqa: E402
from rest_framework.exceptions import APIException  # noqa: E402
from rq import SimpleWorker, Worker  # noqa: E402
from rq.job import Job  # noqa: E402
from rq.utils import import_attribute  # noqa: E402
from tasks.models import Annotation, Task  # noqa: E402
from users.models import User  # noqa: E402
from webhooks.utils import emit_webhooks_sync  # noqa: E402

# What each write of an annotation reads once.
ROWS = ("organization", "htx_user", "task", "project")
import_module("core.urls")
call_command("migrate", run_syncdb=True, verbosity=0)


class Bucket:
    """Objects in memory, in the place of boto3's resource; ``broken`` lets each write fail."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.broken = False

    def Object(self, _: str, key: str) -> Any:  # noqa: N802 - as boto3 calls it
        def put(Body: str, **_: Any) -> None:  # noqa: N803 - as above
            if self.broken:
                raise OSError("no route to the store")
            self.objects[key] = Body

        return mock.Mock(put=put, delete=lambda: self.objects.pop(key, None))

    def Bucket(self, _: str) -> Any:  # noqa: N802 - as above
        listed = [mock.Mock(key=key) for key in self.objects]
        return mock.Mock(objects=mock.Mock(filter=lambda **_: listed))


bucket = Bucket()
S3ExportStorage.get_client_and_resource = lambda _: (mock.Mock(), bucket)
user = User.objects.create_user(email="admin@example.com", password="password")
organization = Organization.create_organization(created_by=user, title="Example")
user.active_organization = organization
user.save()
project = Project.objects.create(title="Example", created_by=user, organization=organization)
storage = S3ExportStorage.objects.create(project=project, bucket="data", prefix="out", can_delete_objects=True)
source = S3ImportStorage.objects.create(project=project, bucket="data", prefix="in")
task = Task.objects.create(project=project, data={"text": "a cat"})


def outcome(act: Callable[[], Any]) -> str:
    try:
        return str(act())
    except Exception as error:
        return type(error).__name__


def annotate(text: str) -> Any:
    made = Annotation(task=task, project=project, completed_by=user, result=[{"value": {"text": text}}])
    made.save()
    return made


def settle() -> None:
    """Let the annotations be old enough for the reconciliation, with their links as far behind as they were."""
    for model in (Annotation, S3ExportStorageLink):
        for each in model.objects.all():
            model.objects.filter(pk=each.pk).update(updated_at=each.updated_at - timedelta(minutes=5))


def written() -> dict[str, str]:
    return {key: json.loads(body)["result"][0]["value"]["text"] for key, body in bucket.objects.items()}


def unknown_names() -> list[str]:
    """Names of the lists that this release does not have."""
    missing = []
    for name in repeatable_jobs.REPEATABLE | repeatable_jobs.LONG | repeatable_jobs.SHORT:
        try:
            import_attribute(name)
        except (ImportError, AttributeError, ValueError):
            missing.append(name)
    return sorted(missing)


def job(name: str) -> dict[str, Any]:
    made = django_rq.get_queue("default").create_job(name)
    return {"retries": made.retries_left, "intervals": made.retry_intervals, "kept": made.failure_ttl}


def posts() -> dict[str, list[Any]]:
    client = Client()
    client.force_login(user)
    addresses = {
        "source": f"/api/storages/s3/{source.pk}/sync",
        "target": f"/api/storages/export/s3/{storage.pk}/sync",
        "new target": "/api/storages/export/s3",
        "export": f"/api/projects/{project.pk}/exports/",
        "conversion": f"/api/projects/{project.pk}/exports/1/convert",
    }
    found = {}
    for name, address in addresses.items():
        answer = client.post(address, data={}, content_type="application/json", HTTP_HOST="localhost")
        found[name] = [answer.status_code, answer.json().get("detail")]
    return found


def targets() -> dict[str, Any]:
    """What a target holds after each of what may happen to it."""
    found: dict[str, Any] = {}
    bucket.broken = True
    first = annotate("lost")
    found["while the store is away"] = written()
    bucket.broken = False
    settle()
    found["reconciled"] = [target_storages.reconcile(), written()]
    second = annotate("second")
    settle()
    found["nothing to do"] = target_storages.reconcile()
    bucket.broken = True
    first.result = [{"value": {"text": "edited"}}]
    first.save()
    bucket.broken = False
    settle()
    found["edited"] = [target_storages.reconcile(), written()]
    with CaptureQueriesContext(connection) as queries:
        async_export_annotation_to_s3_storages(second.pk)
    selected = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    found["read twice"] = [table for table in ROWS if sum(f'FROM "{table}"' in each for each in selected) > 1]
    second.delete()
    found["deleted"] = written()
    bucket.objects.clear()
    puts = mock.Mock(side_effect=bucket.Object)
    with mock.patch.object(bucket, "Object", puts):
        storage.save_all_annotations()
        found["sync writes what was taken out"] = [puts.call_count, storage.status]
        puts.reset_mock()
        storage.save_all_annotations()
        found["sync writes nothing again"] = [puts.call_count, storage.status, storage.last_sync_count]
    bucket.objects.clear()
    bucket.broken = True
    found["a failed write"] = outcome(storage.save_all_annotations)
    settle()
    found["reconciling into nowhere"] = outcome(target_storages.reconcile)
    return found


def any_status() -> list[str]:
    """The statuses that a sync begins from."""
    begun = []
    for status in S3ImportStorage.Status.values:
        S3ImportStorage.objects.filter(pk=source.pk).update(status=status, meta={"attempts": 1})
        found = S3ImportStorage.objects.get(pk=source.pk)
        found.info_set_in_progress()
        begun.append(found.status)
    return begun


def again() -> list[Any]:
    """How often a sync looks when it is asked for again while it runs, and the statuses that others see."""
    seen = []
    redis = mock.Mock(delete=mock.Mock(side_effect=[0, 1, 0, 0]))

    def scan(storage: Any) -> list[Any]:
        seen.append(S3ImportStorage.objects.get(pk=source.pk).status)
        return []

    S3ImportStorage.iter_keys = scan
    S3ImportStorage.iterkeys = scan
    with (
        mock.patch.object(queue, "_redis", redis),
        mock.patch.object(queue, "redis_healthcheck", lambda: True),
        mock.patch("projects.mixins.start_job_async_or_sync"),
    ):
        found = S3ImportStorage.objects.get(pk=source.pk)
        found.scan_and_create_links()
    return [seen, found.status]


def asked_twice() -> list[Any]:
    """What a request for a sync does in each status."""
    found = []
    for status in ("in_progress", "queued", "completed"):
        S3ImportStorage.objects.filter(pk=source.pk).update(
            status=status, last_sync_job="1", meta={"attempts": 1, "time_last_ping": str(timezone.now())}
        )
        redis = mock.Mock()
        enqueued = mock.Mock(return_value=mock.Mock(id="2"))
        with (
            mock.patch.object(queue, "_redis", redis),
            mock.patch.object(queue, "redis_healthcheck", lambda: True),
            mock.patch.object(S3ImportStorage, "health_check"),
            mock.patch.object(repeatable_jobs.StackQueue, "enqueue_call", enqueued),
            mock.patch.object(Job, "fetch"),
            mock.patch("io_storages.base_models.is_job_in_queue", lambda *_, **__: False, create=True),
            mock.patch("io_storages.base_models.is_job_on_worker", lambda *_, **__: False, create=True),
        ):
            S3ImportStorage.objects.get(pk=source.pk).sync()
        found.append([status, enqueued.call_count, redis.set.call_count])
    return found


def worker() -> dict[str, Any]:
    """Where the worker runs jobs of both kinds, when they count as abandoned, and what it gives back at its birth."""
    own = object.__new__(queue_worker.StackWorker)
    own.connection, own.name, own.hostname, own.queues = mock.Mock(), "new", "pod-1", [mock.Mock()]
    own.job_monitoring_interval, own.current_job_working_time = 30, 0
    jobs = {"short": mock.Mock(func_name="webhooks.utils.run_webhook_sync", timeout=3600)}
    jobs["long"] = mock.Mock(func_name="io_storages.base_models.import_sync_background", timeout=3600)
    ran = []
    with (
        mock.patch.object(SimpleWorker, "execute_job", lambda *_: ran.append("here")),
        mock.patch.object(Worker, "execute_job", lambda *_: ran.append("forked")),
    ):
        for each in jobs.values():
            own.execute_job(each, None)
    others = [mock.Mock(hostname=host) for host in ("pod-1", "pod-2")]
    for each in others:
        each.queue_names.return_value = own.queue_names()
        each.get_current_job_id.return_value = "job"
    own.connection.zrange.return_value = [b"job:execution", b"other"]
    with (
        mock.patch.object(Worker, "register_birth"),
        mock.patch.object(Worker, "all", return_value=others),
        mock.patch.object(Job, "fetch"),
        mock.patch.object(queue_worker.StartedJobRegistry, "cleanup") as cleanup,
    ):
        own.register_birth()
    given_back = [list(call.args[1]) for call in own.connection.zadd.call_args_list]
    return {
        "ran": ran,
        "ttl": {name: own.get_heartbeat_ttl(each) for name, each in jobs.items()},
        "given back": [[name.decode() for name in names] for names in given_back],
        "cleaned": cleanup.call_count,
        "dead": [each.register_death.call_count for each in others],
    }


def predictions() -> dict[str, Any]:
    """What the Data Manager says of predictions, and what a server is asked that was connected a moment ago."""
    # In bulk: newer releases check the address as one of a webhook, which a signal makes.
    [backend] = MLBackend.objects.bulk_create([MLBackend(project=project, url="http://127.0.0.1:1", title="Detector")])
    tasks = Task.objects.filter(pk=task.pk)
    found: dict[str, Any] = {}
    asked: list[str] = []

    def answer(api: Any, url: str, *_: Any, **__: Any) -> MLApiResult:
        asked.append(url)
        return MLApiResult(response={"model_version": "1", "results": [{"result": [], "score": 0.5}]})

    try:
        basic.retrieve_tasks_predictions(project, tasks)
    except APIException as error:
        found["silent"] = [error.status_code, str(error.detail)]
    with mock.patch.object(MLApi, "_request", answer):
        found["first"] = [basic.retrieve_tasks_predictions(project, tasks)["detail"], list(asked)]
        asked.clear()
        MLBackend.objects.filter(pk=backend.pk).update(model_version="2")
        basic.retrieve_tasks_predictions(project, tasks)
        found["soon after"] = list(asked)
    return found


def index() -> list[str]:
    with connection.cursor() as cursor:
        return [
            name
            for name, facts in connection.introspection.get_constraints(
                cursor, "io_storages_s3importstoragelink"
            ).items()
            if facts["columns"] == ["storage_id", "key"]
        ]


enqueue = django_rq.get_queue("default").enqueue
answers = {
    "kept from loading": kept_from_loading,
    "connected": queue.redis_connected(),
    "unknown": unknown_names(),
    "export job": job("io_storages.s3.models.async_export_annotation_to_s3_storages"),
    "webhook job": job("webhooks.utils.run_webhook_sync"),
    "posts": posts(),
    "race": {
        "short": outcome(lambda: enqueue(emit_webhooks_sync, organization, project, "TASKS_CREATED", {})),
        "other": outcome(lambda: enqueue(redis_away.load_func, "json.dumps")),
    },
    "targets": targets(),
    "any status": any_status(),
    "asked twice": asked_twice(),
    "again": again(),
    "index": index(),
    "predictions": predictions(),
    "worker": worker(),
}
sys.stdout.write(f"\n{json.dumps(answers)}\n")
sys.stdout.flush()
os._exit(0)
