"""Export snapshots in chunks, which say how far they are and why they failed; and the job that makes one for the page.

``data_export`` of 1.20.0 and 1.23.2 asks for the predictions of each task by itself, and says of a failed snapshot
only that it failed. Here ``counters`` of a snapshot, which ``/api/projects/<id>/exports/<id>`` shows, have
``task_number`` of ``tasks`` while it is made, and ``error`` once it has failed.

Runs inside Label Studio's containers, so it knows nothing of this project.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

# Tasks in memory at a time.
CHUNK = 500
KEPT = timedelta(days=1)
# What the titles of those that the page asked for begin with.
TITLE = "Exported by the page"


def patch() -> None:
    """Let snapshots be read in chunks; AttributeError where this release makes them in another way."""
    # Not at the top: models can be imported only when all applications are there.
    from data_export.mixins import ExportMixin  # noqa: PLC0415

    patched = {
        "get_task_queryset": with_predictions(ExportMixin.get_task_queryset),
        "get_export_data": in_chunks(ExportMixin.get_export_data),
        "save_file": telling(ExportMixin.save_file),
    }
    for name, function in patched.items():
        setattr(ExportMixin, name, function)


def with_predictions(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """The tasks of a chunk with their predictions, which the serializer otherwise asks for task by task."""

    def get_task_queryset(self: Any, *arguments: Any, **options: Any) -> Any:
        return upstream(self, *arguments, **options).prefetch_related("predictions")

    return get_task_queryset


def in_chunks(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Run the release's own generator for some tasks at a time; between them, ``counters`` say how far it is."""

    def get_export_data(self: Any, task_filter_options: Any = None, *arguments: Any, **options: Any) -> Iterator[Any]:
        with _reason_kept(self):
            filters = task_filter_options or {}
            chosen = type(self)._get_filtered_tasks(self, self.project.tasks, task_filter_options)
            if "ids" in filters:
                chosen = chosen.filter(id__in=filters["ids"])
            if filters.get("only_with_annotations"):
                chosen = chosen.filter(annotations__isnull=False)
            ids = list(chosen.distinct().values_list("id", flat=True))
            done = 0
            for first in range(0, len(ids), CHUNK):
                chunk = ids[first : first + CHUNK]
                self._get_filtered_tasks = lambda tasks, chunk=chunk, **_: tasks.filter(id__in=chunk)
                yield from upstream(self, task_filter_options, *arguments, **options)
                done += self.counters["task_number"]
                _tell(self, task_number=done, tasks=len(ids))
            _tell(self, task_number=done, tasks=len(ids))

    return get_export_data


def telling(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """The release's own function, whose error is kept in ``counters``."""

    def save_file(self: Any, *arguments: Any, **options: Any) -> Any:
        with _reason_kept(self):
            return upstream(self, *arguments, **options)

    return save_file


@contextmanager
def _reason_kept(export: Any) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _tell(export, error=_line(error))
        raise


def _tell(export: Any, **facts: Any) -> None:
    export.counters = {**(export.counters or {}), **facts}
    type(export).objects.filter(pk=export.pk).update(counters=export.counters)


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def run(export_id: int, wanted: dict[str, Any], hostname: str | None = None, **_: Any) -> None:
    """The job: write the tasks to the file of the export, and convert it."""
    from data_export.models import Export  # noqa: PLC0415

    export = Export.objects.get(id=export_id)
    _forget_old(export.project)
    filters = {"only_with_annotations": not wanted["all_tasks"]}
    if wanted["ids"]:
        filters["ids"] = wanted["ids"]
    # As the view serialises: drafts in full, predictions by their numbers.
    serialization = {"drafts": {"only_id": False}, "interpolate_key_frames": wanted["interpolate_key_frames"]}
    export.export_to_file(filters, None, serialization)
    if export.status == Export.Status.COMPLETED and wanted["export_type"] != "JSON":
        _convert(export, wanted, hostname)


def _convert(export: Any, wanted: dict[str, Any], hostname: str | None) -> None:
    from data_export.api import async_convert  # noqa: PLC0415
    from data_export.models import ConvertedFormat  # noqa: PLC0415

    kind = wanted["export_type"]
    ConvertedFormat.objects.filter(export=export, export_type=kind).delete()
    converted = ConvertedFormat.objects.create(export=export, export_type=kind)
    try:
        with _reason_kept(export):
            resources = wanted["download_resources"]
            async_convert(converted.id, kind, export.project, hostname, download_resources=resources)
    except Exception:
        failed = ConvertedFormat.Status.FAILED
        ConvertedFormat.objects.filter(id=converted.id).update(status=failed, traceback=traceback.format_exc())
        raise


def _forget_old(project: Any) -> None:
    """Delete what the page made here before and nobody needs any more, with its files."""
    for export in project.exports.filter(title__startswith=TITLE, created_at__lt=timezone.now() - KEPT):
        for owner in (export, *export.converted_formats.all()):
            if owner.file:
                owner.file.delete(save=False)
        export.delete()
