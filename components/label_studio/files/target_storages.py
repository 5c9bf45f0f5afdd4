"""Target storages hold what the database holds, whatever died in between.

An export of an annotation first notes its link, then writes the object, then dates the link with the version that it
wrote, all while nobody else writes or deletes this object. So a link that is missing or older than its annotation says
that the object is, and ``reconcile`` writes exactly those. Label Studio writes first and notes later, dates links with
the time of writing, and counts a failed write as a written one.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from functools import wraps
from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

logger = logging.getLogger(__name__)

# Label Studio imports the models of some when the page is first asked for.
KINDS = ("s3", "gcs", "azure_blob", "redis", "localfiles")
# The jobs that a saved annotation causes: milliseconds each, and many of them.
EXPORTS = frozenset(
    {
        "io_storages.s3.models.async_export_annotation_to_s3_storages",
        "io_storages.gcs.models.async_export_annotation_to_gcs_storages",
        "io_storages.azure_blob.models.async_export_annotation_to_azure_storages",
    }
)
WRITERS = 4
BATCH = 200
# As the date of a link whose object is not written yet.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Younger versions have a job of their own on the way.
SETTLED = timedelta(seconds=60)
# Once in so long, a reconciliation lists the buckets of S3 too: a deletion that failed half-way leaves links of objects
# that are gone, and so does whoever deletes in the bucket.
LISTING_SECONDS = 86400
LISTING_DUE = "stack:listing-due"
# After so many failed writes a storage is left alone until the next time.
PATIENCE = 20
Method = Callable[..., Any]


class ExportError(RuntimeError):
    """Annotations that are not in their target."""


class TargetStorages(AppConfig):  # type: ignore[misc]
    """The Django application that puts the promises around the writes, once all of Label Studio is loaded."""

    name = "target_storages"

    def ready(self) -> None:
        """AttributeError where this release writes in another way."""
        from io_storages.base_models import ExportStorage  # noqa: PLC0415 - models can be imported now only

        for model in targets():
            model.save_annotation = _noted(model.save_annotation)
            if hasattr(model, "delete_annotation"):
                model.delete_annotation = _undisturbed(model.delete_annotation)
        ExportStorage.save_annotations = save_annotations
        ExportStorage.save_all_annotations = save_all_annotations
        ExportStorage.save_only_new_annotations = save_all_annotations
        for name in EXPORTS:
            module, _, function = name.rpartition(".")
            setattr(import_module(module), function, _forgiven(getattr(import_module(module), function)))


def targets() -> list[Any]:
    """The models of every kind of target."""
    from io_storages.base_models import ExportStorage  # noqa: PLC0415 - as above

    for kind in KINDS:
        import_module(f"io_storages.{kind}.models")
    return [model for model in apps.get_models() if issubclass(model, ExportStorage)]


def _noted(write: Method) -> Method:
    from tasks.models import Annotation  # noqa: PLC0415 - as above

    @wraps(write)
    def save_annotation(storage: Any, annotation: Any) -> None:
        link = _note(storage, annotation.pk)
        with transaction.atomic():
            held = storage.links.select_for_update().filter(pk=link).first()
            whole = Annotation.objects.select_related("task", "completed_by", "project__organization__created_by")
            current = whole.filter(pk=annotation.pk).first()
            if held is None or current is None:
                return
            if getattr(annotation, "only_if_older", False) and held.updated_at >= current.updated_at:
                return
            _share(storage, current.project)
            write(storage, current)
            storage.links.filter(pk=link).update(updated_at=current.updated_at)

    return save_annotation


def _share(storage: Any, project: Any) -> None:
    """Give what was just read to the feature flags of a write, which would read it again five times."""
    storage.project, creator = project, project.organization.created_by
    if creator and creator.active_organization_id == project.organization_id:
        creator.active_organization = project.organization


def _note(storage: Any, annotation: int) -> int | None:
    """The link of the annotation, made if it is not there; None for an annotation that was deleted."""
    from tasks.models import Annotation  # noqa: PLC0415 - as above

    with transaction.atomic():
        # Two writers would make two links, and Label Studio can use none of them then.
        if not Annotation.objects.select_for_update(no_key=True).filter(pk=annotation).values("pk").first():
            return None
        first, *others = [*storage.links.filter(annotation=annotation).order_by("pk").values_list("pk", flat=True)] or [
            None
        ]
        if first is None:
            first = storage.links.create(annotation_id=annotation, object_exists=True).pk
            storage.links.filter(pk=first).update(updated_at=NEVER)
        storage.links.filter(pk__in=others).delete()
    identifier: int = first
    return identifier


def _undisturbed(delete: Method) -> Method:
    @wraps(delete)
    def delete_annotation(storage: Any, annotation: Any) -> None:
        with transaction.atomic():
            # An export in the middle would write the object again.
            list(storage.links.select_for_update().filter(annotation=annotation))
            delete(storage, annotation)

    return delete_annotation


def _forgiven(export: Method) -> Method:
    @wraps(export)
    def exported(*arguments: Any, **options: Any) -> Any:
        from rq import get_current_job  # noqa: PLC0415 - a stack may be without a queue

        try:
            return export(*arguments, **options)
        except Exception:
            if get_current_job() is not None:
                raise
            # Inside of a request, for want of a queue: the annotation is saved, and reconcile writes the object.
            logger.exception("An annotation could not be exported now")
            return None

    return exported


def older(storage: Any) -> Any:
    """The annotations of the storage's project whose object is missing or of an earlier version."""
    from tasks.models import Annotation  # noqa: PLC0415 - as above

    current = storage.links.model.objects.filter(
        storage=storage, annotation=OuterRef("pk"), updated_at__gte=OuterRef("updated_at")
    )
    return Annotation.objects.filter(~Exists(current), project=storage.project)


def save_all_annotations(storage: Any) -> None:
    """What a sync does: write what is older in the target, and what somebody took out of the bucket."""
    from tasks.models import Annotation  # noqa: PLC0415 - as above

    storage.save_annotations(Annotation.objects.filter(project=storage.project))


def save_annotations(storage: Any, annotations: Any) -> None:
    """Write those of ``annotations`` that need it; ExportError if any is not in the target afterwards."""
    total = annotations.count()
    storage.info_set_in_progress()
    _forget_lost(storage)
    missing = list(older(storage).filter(pk__in=annotations.values("pk")).order_by("pk").values_list("pk", flat=True))
    done, problems = total - len(missing), []
    for problem in _write(storage, missing):
        problems += [problem] if problem else []
        done += not problem
        storage.info_update_progress(last_sync_count=done, total_annotations=total)
    if problems:
        raise ExportError(f"{len(problems)} of {total} annotations could not be written; the first: {problems[0]!r}")
    storage.info_set_completed(last_sync_count=done, total_annotations=total)


def _forget_lost(storage: Any) -> None:
    """Date back the links of objects that are no longer in the bucket, by one listing of it; S3 only."""
    from tasks.models import Annotation  # noqa: PLC0415 - as above

    links = storage.links.model
    one = Annotation.objects.filter(project=storage.project).first()
    if one is None or not hasattr(storage, "get_client_and_bucket") or links.get_key(one) != str(one.pk):
        return
    _, bucket = storage.get_client_and_bucket(validate_connection=False)
    folder = f"{storage.prefix}/" if storage.prefix else ""
    names = (each.key.removeprefix(folder) for each in bucket.objects.filter(Prefix=folder))
    there = {int(name) for name in names if name.isdecimal()}
    noted = storage.links.exclude(updated_at=NEVER).values_list("pk", "annotation_id")
    lost = [link for link, annotation in noted.iterator() if annotation not in there]
    for start in range(0, len(lost), BATCH):
        storage.links.filter(pk__in=lost[start : start + BATCH]).update(updated_at=NEVER)


def _write(storage: Any, annotations: list[int]) -> Iterator[Exception | None]:
    """Write each and say what came of it."""
    from tasks.models import Annotation  # noqa: PLC0415 - as above

    def write(identifier: int) -> None:
        stub = Annotation(pk=identifier)
        stub.only_if_older = True
        storage.save_annotation(stub)

    with ThreadPoolExecutor(WRITERS) as threads:
        for start in range(0, len(annotations), BATCH):
            futures = [threads.submit(write, each) for each in annotations[start : start + BATCH]]
            for future in as_completed(futures):
                error = future.exception()
                yield error if isinstance(error, Exception) else None


def reconcile() -> dict[str, int]:
    """Bring every target to what the database says, and return how many objects each took; ExportError if one failed.

    The cost is a query for each target, and then a write for each object that is missing or old; once a day a listing.
    """
    written, problems, lists = {}, [], _is_listing_due()
    for storage in _every(targets()):
        name = f"{storage._meta.model_name} {storage.pk}"
        written[name], problem = _bring(storage, lists)
        problems += [f"{name}: {problem!r}"] if problem else []
    if problems:
        raise ExportError("; ".join(problems))
    return written


def _every(models: Iterable[Any]) -> Iterator[Any]:
    for model in models:
        yield from model.objects.select_related("project__organization__created_by").order_by("pk")


def _is_listing_due() -> bool:
    from core import redis as queue  # noqa: PLC0415 - as above

    return bool(queue.redis_connected() and queue._redis.set(LISTING_DUE, 1, nx=True, ex=LISTING_SECONDS))


def _bring(storage: Any, lists: bool) -> tuple[int, Exception | None]:
    """How many were written, and the first thing that went wrong."""
    written, failed, first = 0, 0, None
    try:
        if lists:
            _forget_lost(storage)
    except Exception as error:
        return 0, error
    settled = older(storage).filter(updated_at__lt=timezone.now() - SETTLED)
    annotations = list(settled.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(annotations), BATCH):
        for problem in _write(storage, annotations[start : start + BATCH]):
            first, failed, written = first or problem, failed + bool(problem), written + (not problem)
        if failed >= PATIENCE:
            break
    return written, first
