"""The page's own export, made by a queue worker instead of inside of the request.

Label Studio's view serialises the whole project while the browser waits, so that proxies end it at some 18,000 tasks.
Here the view starts a job (``export_jobs.run``), waits for it for a while, sends the browser back to itself so that no
proxy sees a long request, and then gives out the file.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with ``data_export`` of 1.20.0 and
1.23.2.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import export_jobs
from django.apps import AppConfig
from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from export_jobs import TITLE

# Seconds that one request waits for the job: less than any proxy's patience.
WAIT_SECONDS = float(os.environ.get("PAGE_EXPORT_WAIT_SECONDS", "20"))
# How often a browser is sent back to the same address; it gives up after 20 times.
ROUNDS = 18
ROUND = "round"
# The numbers of the processes in which requests wait for others (uwsgi.ini).
WAITING = "WAITING_PROCESSES"
POLL_SECONDS = 0.5
JOB_TIMEOUT = "3h"
# A job that ended unseen is given out to whoever asks for the same within this time; later a new one is started.
FRESH = timedelta(minutes=10)
DELIVERED = f"{TITLE}, delivered"
FAILED = f"{TITLE}, failed"
# What RQ says of jobs that no worker will end.
ENDED = (None, "failed", "canceled", "stopped", "finished")
logger = logging.getLogger(__name__)


class PageExports(AppConfig):  # type: ignore[misc]
    """The Django application that puts the job in the place of the view's own work."""

    name = "page_exports"

    def ready(self) -> None:
        """Leave a release whose export is made in another way as it is; a contract test tells which are known."""
        # Not at the top: models can be imported only when all applications are there.
        from data_export.api import ExportAPI  # noqa: PLC0415

        try:
            by_a_job = _by_a_job(ExportAPI.get)
            export_jobs.patch()
        except AttributeError as error:
            logger.warning("Exports are made as this release makes them: %s", error)
        else:
            ExportAPI.get = by_a_job


def _by_a_job(upstream: Callable[..., Any]) -> Callable[..., Any]:
    def get(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        if not settings.RQ_QUEUES:
            return upstream(self, request, *arguments, **options)
        project = self.get_object()
        wanted = _wanted(request, project)
        export = _find(project, request.user, wanted) or _start(project, request, wanted)
        with _place_to_wait() as may_wait:
            until = time.monotonic() + (WAIT_SECONDS if may_wait else 0)
            while (file := _file(export, wanted)) is None and time.monotonic() < until:
                time.sleep(POLL_SECONDS)
        if file is not None:
            type(export).objects.filter(pk=export.pk).update(title=DELIVERED)
            return _download(file)
        given = request.GET.get(ROUND, "")
        count = int(given) + 1 if given.isdecimal() else 1
        if not may_wait or count > ROUNDS:
            raise _error(503, f"{_progress(export)}. Press Export again to go on waiting: it is not started anew.")
        query = request.GET.copy()
        query[ROUND] = str(count)
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")

    return get


def _wanted(request: Any, project: Any) -> dict[str, Any]:
    """What the request asks for, in words of JSON; an error for a format that the project does not have."""
    from data_export.models import DataExport  # noqa: PLC0415
    from data_export.serializers import ExportParamSerializer  # noqa: PLC0415

    serializer = ExportParamSerializer(data=request.GET)
    serializer.is_valid(raise_exception=True)
    given = serializer.validated_data
    kind = given.get("exportType") or given["export_type"]
    formats = [it["name"] for it in DataExport.get_export_formats(project) if not it.get("disabled")]
    if kind not in formats:
        raise _error(400, f"What this project labels cannot be exported as {kind}: choose {', '.join(formats)}")
    numbers = request.GET.getlist("ids[]")
    if not all(number.isdigit() for number in numbers):
        raise _error(400, "ids[] must be numbers of tasks")
    return {
        "export_type": kind,
        "all_tasks": given["download_all_tasks"],
        "download_resources": given["download_resources"],
        "interpolate_key_frames": given["interpolate_key_frames"],
        "ids": sorted({int(number) for number in numbers}),
    }


def _title(wanted: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]
    return f"{TITLE} as {wanted['export_type']} ({digest})"


def _find(project: Any, user: Any, wanted: dict[str, Any]) -> Any:
    """The export that this user began for the same and has not been given yet."""
    export = project.exports.filter(created_by=user, title=_title(wanted)).order_by("-id").first()
    if export is None or (export.finished_at and export.finished_at < timezone.now() - FRESH):
        return None
    return export


def _start(project: Any, request: Any, wanted: dict[str, Any]) -> Any:
    from core.redis import redis_connected, start_job_async_or_sync  # noqa: PLC0415
    from data_export.mixins import set_export_background_failure  # noqa: PLC0415
    from data_export.models import Export  # noqa: PLC0415

    if not redis_connected():
        # Label Studio would run the job inside of the request.
        raise _error(503, "The job queue (Redis) does not answer, so no export can be started. Try again in a minute.")
    export = Export.objects.create(
        project=project, created_by=request.user, title=_title(wanted), status=Export.Status.IN_PROGRESS
    )
    try:
        start_job_async_or_sync(
            export_jobs.run,
            export.id,
            wanted,
            _hostname(request),
            job_id=_job(export),
            queue_name="default",
            on_failure=set_export_background_failure,
            job_timeout=JOB_TIMEOUT,
        )
    except Exception:
        export.delete()
        raise
    return export


def _job(export: Any) -> str:
    return f"page-export-{export.id}"


def _hostname(request: Any) -> str | None:
    """Where the converter may download the project's media from; each release has a rule of its own."""
    try:
        from data_export.functions import get_export_hostname  # noqa: PLC0415
    except ImportError:
        return str(request.build_absolute_uri("/"))
    found: str | None = get_export_hostname(request)
    return found


@contextmanager
def _place_to_wait() -> Iterator[bool]:
    """Half of the processes that are for waiting may wait for exports; the others pass on images."""
    for number in range(max(len(os.environ.get(WAITING, "1").split(",")) // 2, 1)):
        with (Path(tempfile.gettempdir()) / f"page-export-{number}").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield True
            return
    yield False


def _file(export: Any, wanted: dict[str, Any]) -> Any:
    """The file once it is complete, None until then; an error that says why there will be none."""
    # Asked first: what a job has written is there once the queue says that it has ended.
    ended = _has_ended(export)
    export.refresh_from_db()
    owner, complete = export, export.Status.COMPLETED
    if export.status == complete and wanted["export_type"] != "JSON":
        owner = export.converted_formats.filter(export_type=wanted["export_type"]).first()
    if owner is not None and owner.status == complete:
        return owner.file
    reason = (export.counters or {}).get("error")
    if not (ended or reason or export.status == export.Status.FAILED):
        return None
    # Whoever asks next begins a new job.
    type(export).objects.filter(pk=export.pk).update(title=FAILED, status=export.Status.FAILED)
    reason = reason or "its worker stopped before the end"
    raise _error(500, f"The export failed: {reason}. Press Export to try again.")


def _has_ended(export: Any) -> bool:
    """Whether no worker has the job, nor will have it."""
    import django_rq  # noqa: PLC0415
    from redis.exceptions import RedisError  # noqa: PLC0415
    from rq.exceptions import NoSuchJobError  # noqa: PLC0415
    from rq.job import Job  # noqa: PLC0415

    try:
        return Job.fetch(_job(export), connection=django_rq.get_connection("default")).get_status() in ENDED
    except NoSuchJobError:
        return True
    except RedisError:
        return False


def _progress(export: Any) -> str:
    counters = export.counters or {}
    if "tasks" not in counters:
        return "The export waits for a queue worker"
    return f"The export goes on: {counters['task_number']} of {counters['tasks']} tasks are written"


def _error(status: int, detail: str) -> Exception:
    from rest_framework.exceptions import APIException  # noqa: PLC0415

    error: Exception = APIException(detail)
    error.status_code = status  # type: ignore[attr-defined]
    return error


def _download(file: Any) -> HttpResponse | FileResponse:
    """The file, by the proxy of the pod where it lies in a bucket: a client of S3 would hold all of it in memory."""
    name = Path(file.name).name
    if not (settings.CLOUD_FILE_STORAGE_ENABLED and settings.USE_NGINX_FOR_UPLOADS):
        response = FileResponse(file.open("rb"), as_attachment=True, filename=name)
    else:
        url = file.storage.url(file.name, storage_url=True)
        scheme = urlparse(url).scheme
        response = HttpResponse()
        response["X-Accel-Redirect"] = f"/file_download/{scheme}/{url.removeprefix(f'{scheme}://')}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    # The page names the file after this header.
    response["filename"] = name
    return response
