"""Model servers hold people less, and what they did not do is not claimed.

Label Studio asks a server for its health and sets it up in each request of a person that may need predictions, and says
how many tasks it asked for as if so many predictions had come.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from circuit_breakers import Breaker
from django.apps import AppConfig
from django.utils import timezone
from guarded_calls import NotAvailable

# A server that was connected so long ago is taken to be so still; its answer to the next question tells.
KNOWN = timedelta(seconds=60)
# Letters of a title that tell one server from another; the name of a file has no room for more.
TITLE = 40
NONE = "No predictions came: the model server {title} does not answer, or answers with an error. Its log says more."
Method = Callable[..., Any]


class ModelServers(AppConfig):  # type: ignore[misc]
    """The Django application that changes both, once all of Label Studio is loaded."""

    name = "model_servers"

    def ready(self) -> None:
        """AttributeError where a release has no such place."""
        from data_manager.actions import basic  # noqa: PLC0415 - models can be imported now only
        from ml.models import MLBackend  # noqa: PLC0415

        MLBackend.update_state = _remembered(MLBackend.update_state)
        MLBackend.predict_tasks = _without_asking(MLBackend.predict_tasks)
        basic.evaluate_predictions = _or_the_reason(basic.evaluate_predictions)


def _remembered(update: Method) -> Method:
    """Let ``/health``, and so `make status`, name a server that did not answer, for a minute after it was asked."""

    @wraps(update)
    def updated(backend: Any) -> Any:
        version = update(backend)
        _note(backend, answered=not backend.not_ready)
        return version

    return updated


def _note(backend: Any, *, answered: bool) -> None:
    title = re.sub("[^a-zA-Z0-9]", " ", str(backend.title))[:TITLE]
    breaker = Breaker(f"model server {title}", str(backend.pk), limit=1)
    if answered:
        breaker.answered()
    else:
        breaker.missed()


def _without_asking(predict: Method) -> Method:
    @wraps(predict)
    def predicted(backend: Any, tasks: Any) -> Any:
        if not backend.not_ready and timezone.now() - backend.updated_at < KNOWN:
            backend.update_state = lambda: backend.model_version
        found = predict(backend, tasks)
        if found is None or found == []:
            _note(backend, answered=False)
        return found

    return predicted


def _or_the_reason(evaluate: Method) -> Method:
    @wraps(evaluate)
    def evaluated(tasks: Any) -> Any:
        found = evaluate(tasks)
        backend = tasks[0].project.ml_backend if tasks else None
        if backend is None:
            return found
        if isinstance(found, str):
            # All have predictions of this version, which was known a minute ago; the server may have learnt since.
            backend.update_state()
            found = evaluate(tasks)
        if backend.not_ready or found == []:
            raise NotAvailable(NONE.format(title=backend.title))
        return found

    return evaluated
