"""Model servers that the stack declares: asked when, and trained as often as, the declaration says.

Label Studio asks the first model server of a project, whichever is shown; asks when any task is opened; trains within
the request that saves an annotation, all servers of the project, whenever the number of annotations is a multiple of
one number; and takes the title of the server that is shown for the version of its predictions, and no choice of a
version for an empty one, so that scores sort nothing. Here the server that is shown is asked, one that does not want to
be is not when a task is opened, all tasks of a project are predicted after a sync, training is a job of the queue, and
tasks are sorted by the score of their newest prediction, unless a version is chosen. ``extra_params`` of a declared
server has ``predictOnOpen``, ``predictAfterSync`` and ``trainAfter``.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial, wraps
from typing import Any

from django.apps import AppConfig
from redis_queues import LOCATION

VARIABLE = "DECLARED_MODEL_SERVERS"
# Tasks in one request of a server, which has the time of ``time_limits`` for them.
BATCH = 25
# What tells a training by the number of annotations from those that Label Studio has taken note of.
TRAINED = "annotations-to-"
NONE = "No predictions came: the model server {title} does not answer, or answers with an error. Its log says more."
Method = Callable[..., Any]


class DeclaredModels(AppConfig):  # type: ignore[misc]
    """The Django application that does so, once all of Label Studio is loaded."""

    name = "declared_models"

    def ready(self) -> None:
        """ImportError or AttributeError where a release has no such place."""
        from data_manager.managers import (  # noqa: PLC0415
            annotate_predictions_score,
            update_annotation_map,
        )
        from django.db.models.signals import post_save  # noqa: PLC0415 - models can be imported now only
        from io_storages.base_models import ImportStorage  # noqa: PLC0415
        from projects.models import Project  # noqa: PLC0415
        from tasks import api, models  # noqa: PLC0415

        Project.ml_backend = property(shown)
        update_annotation_map({"predictions_score": _scored(annotate_predictions_score)})
        api.evaluate_predictions = _if_wanted(api.evaluate_predictions)
        prelabel = models.Task.get_predictions_for_prelabeling
        models.Task.get_predictions_for_prelabeling = _of_before_unless_wanted(prelabel)
        ImportStorage._scan_and_create_links = _then_predicted(ImportStorage._scan_and_create_links)
        post_save.disconnect(models.update_ml_backend, sender=models.Annotation)
        post_save.connect(_saved, sender=models.Annotation, dispatch_uid=self.name)


def declared(environment: Mapping[str, str] = os.environ) -> frozenset[tuple[str, str]]:
    """The mark and the URL of each, of ``<project>/<name>=<URL>`` separated by blanks."""
    found = (entry.partition("=") for entry in environment.get(VARIABLE, "").split())
    return frozenset((mark(*place.split("/", 1)), url) for place, _, url in found if "/" in place)


def mark(project: str, name: str) -> str:
    """The description by which a declared server is known among others."""
    return f"Declared as {name} of {project}."


def wishes(backend: Any) -> Mapping[str, Any]:
    """What the declaration says; nothing of a server that is not declared."""
    given = backend.extra_params
    return given if isinstance(given, dict) and (backend.description, backend.url) in declared() else {}


def shown(project: Any) -> Any:
    """The server whose title the project has as its version, or else the oldest."""
    backends = sorted(project.ml_backends.all(), key=lambda backend: backend.pk)
    return next((backend for backend in backends if backend.title == project.model_version), next(iter(backends), None))


def _if_wanted(evaluate: Method) -> Method:
    @wraps(evaluate)
    def evaluated(tasks: Any) -> Any:
        backend = tasks[0].project.ml_backend if tasks else None
        if backend is not None and wishes(backend).get("predictOnOpen") is False:
            return None
        return evaluate(tasks)

    return evaluated


def _of_before_unless_wanted(predictions: Method) -> Method:
    """Of the next task of people who label one after another: the predictions that are there already."""

    @wraps(predictions)
    def prelabelled(task: Any) -> Any:
        backend = task.project.ml_backend
        if backend is None or wishes(backend).get("predictOnOpen") is not False:
            return predictions(task)
        if not task.project.should_retrieve_predictions:
            return predictions(task)
        return task.predictions.filter(model_version=backend.model_version)

    return prelabelled


def _scored(annotate: Method) -> Method:
    @wraps(annotate)
    def scored(tasks: Any) -> Any:
        from django.db.models import OuterRef, Subquery  # noqa: PLC0415
        from tasks.models import Prediction  # noqa: PLC0415

        first = tasks.first()
        version = first.project.model_version if first else None
        backends = [*first.project.ml_backends.all()] if first else []
        if version and not any(backend.title == version for backend in backends):
            return annotate(tasks)
        others = [it.model_version for it in backends if version and it.title != version and it.model_version]
        own = Prediction.objects.filter(task=OuterRef("pk")).exclude(model_version__in=others).order_by("-id")
        return tasks.annotate(predictions_score=Subquery(own.values("score")[:1]))

    return scored


def _then_predicted(scan: Method) -> Method:
    @wraps(scan)
    def scanned(storage: Any, *arguments: Any, **options: Any) -> None:
        scan(storage, *arguments, **options)
        for backend in storage.project.ml_backends.all():
            if wishes(backend).get("predictAfterSync"):
                _queue(predict_all, backend.pk, job_id=f"predict-all-{backend.pk}")

    return scanned


def _saved(instance: Any, created: bool, **_: Any) -> None:
    """An annotation was saved: look, in a job, whether it was the one that a server is trained after."""
    from django.db import transaction  # noqa: PLC0415

    for backend in instance.project.ml_backends.all():
        if created and wishes(backend).get("trainAfter"):
            transaction.on_commit(partial(_queue, train_if_due, backend.pk))
        elif not wishes(backend) and _is_due(instance):
            transaction.on_commit(partial(_queue, train, backend.pk))


def _is_due(annotation: Any) -> bool:
    """Label Studio's own rule, for servers that are not declared."""
    number = annotation.project.min_annotations_to_start_training
    return bool(number) and not annotation.ground_truth and annotation.project.num_annotations % number == 0


def _queue(job: Method, backend_id: int, job_id: str | None = None) -> None:
    """A job of the queue, which replaces one of the same id that waits or has failed.

    In a stack without Redis, here and now; where Redis is away, the next annotation or sync asks again.
    """
    from core import redis  # noqa: PLC0415

    if redis.redis_connected():
        import django_rq  # noqa: PLC0415 - needs Redis, which a stack may be without

        django_rq.get_queue("low").enqueue_call(job, args=(backend_id,), job_id=job_id)
        return
    if LOCATION in os.environ:
        return
    # Whatever the server does, the annotation is saved and the sync is done.
    with suppress(ConnectionError):
        job(backend_id)


def predict_all(backend_id: int) -> None:
    """Ask a server about every task that has no prediction of its version; ConnectionError where none come."""
    from ml.models import MLBackend  # noqa: PLC0415

    backend = MLBackend.objects.filter(pk=backend_id).first()
    if backend is None:
        return
    version = backend.update_state()
    if backend.not_ready:
        raise ConnectionError(NONE.format(title=backend.title))
    tasks = backend.project.tasks
    missing = tasks.exclude(predictions__model_version=version) if version else tasks.filter(predictions=None)
    for batch in _batches(missing):
        found = backend.predict_tasks(batch)
        if found is None or found == []:
            raise ConnectionError(NONE.format(title=backend.title))


def _batches(tasks: Any) -> Iterator[list[Any]]:
    ids = list(tasks.order_by("id").values_list("id", flat=True))
    for first in range(0, len(ids), BATCH):
        yield list(tasks.model.objects.filter(id__in=ids[first : first + BATCH]))


def train(backend_id: int) -> None:
    """Let a server train; nothing where it is gone."""
    from ml.models import MLBackend  # noqa: PLC0415

    for backend in MLBackend.objects.filter(pk=backend_id):
        backend.train()


def train_if_due(backend_id: int) -> None:
    """Let a server train once there are enough annotations since it did so; one that failed is asked at the next."""
    from ml.models import MLBackend, MLBackendState  # noqa: PLC0415

    training = _begun_training(backend_id)
    if training is None:
        return
    backend = MLBackend.objects.get(pk=backend_id)
    backend.train()
    if backend.state == MLBackendState.ERROR:
        training.delete()


def _begun_training(backend_id: int) -> Any:
    """The note of a training that is due now; None where it is not, or where another job has taken note of it."""
    from django.db import transaction  # noqa: PLC0415
    from ml.models import MLBackend  # noqa: PLC0415
    from tasks.models import Annotation  # noqa: PLC0415

    with transaction.atomic():
        backend = MLBackend.objects.select_for_update().filter(pk=backend_id).first()
        number = wishes(backend).get("trainAfter") if backend else None
        if not number:
            return None
        last = backend.train_jobs.filter(job_id__startswith=TRAINED).order_by("-id").first()
        since = int(last.job_id.removeprefix(TRAINED)) if last else 0
        annotations = Annotation.objects.filter(project_id=backend.project_id, id__gt=since, was_cancelled=False)
        newest = list(annotations.order_by("-id").values_list("id", flat=True))
        return backend.train_jobs.create(job_id=f"{TRAINED}{newest[0]}") if len(newest) >= number else None
