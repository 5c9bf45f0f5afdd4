"""What happens while Redis is away: saving works, syncs and exports are refused, and nothing needs a restart.

``core/redis.py`` pings Redis once, while it is imported, and keeps what it found for the life of the process. Here the
settings say whether there is a queue, and each use asks anew. Label Studio runs a job inside of the request where the
queue does not answer: right for what a saved annotation causes, wrong for what takes minutes.

Runs inside Label Studio's containers, so it knows nothing of this project.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django_rq
from background_probes import admits, missed
from circuit_breakers import Breaker
from core import redis as queue
from core.utils.common import load_func
from django.apps import AppConfig
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_rq import queues
from redis.exceptions import RedisError
from time_limits import in_requests

logger = logging.getLogger(__name__)

# One timeout is enough: saving goes on without Redis, but would wait for each of several jobs.
REDIS = Breaker("job queue (Redis)", limit=1)
# A saved annotation asks several times. Who finds Redis gone within this time notices it when the job is queued.
PULSE_SECONDS = 1.0
REASON = "The job queue (Redis) does not answer, so this cannot be started now. Try again in a minute."
# Views whose POST begins what takes minutes.
LONG = (
    "io_storages.api.ImportStorageSyncAPI",
    "io_storages.api.ExportStorageSyncAPI",
    # Makes the first sync of a new target.
    "io_storages.api.ExportStorageListAPI",
    "data_export.api.ExportListAPI",
    "data_export.api.ExportConvertAPI",
)


@dataclass
class _Heard:
    """When this process heard of Redis (monotonic clock)."""

    moment: float = float("-inf")


HEARD = _Heard()


def pulse() -> bool:
    """Whether Redis answers; it is not asked if it did, or did not, a moment ago."""
    if time.monotonic() - HEARD.moment < PULSE_SECONDS:
        return True
    if not (admits(REDIS, _pings) if in_requests() else REDIS.admits()):
        return False
    try:
        queue._redis.ping()
    except RedisError as error:
        miss(error)
        return False
    REDIS.answered()
    HEARD.moment = time.monotonic()
    return True


def miss(error: Exception) -> None:
    """Take note that it did not answer."""
    HEARD.moment = float("-inf")
    if in_requests():
        missed(REDIS, _pings)
    else:
        REDIS.missed()
    logger.error("Redis does not answer: %s", error)


def _pings() -> bool:
    try:
        queue._redis.ping()
    except RedisError:
        return False
    return True


class RedisAway(AppConfig):  # type: ignore[misc]
    """The Django application that lets the settings decide, once all of Label Studio is loaded."""

    name = "redis_away"

    def ready(self) -> None:
        """``redis_connected`` of every release calls ``redis_healthcheck`` by its name in ``core.redis``."""
        if not getattr(settings, "REDIS_ENABLED", False):
            return
        # An update changes these files under the pods of the release before; what they have loaded fits together.
        import repeatable_jobs  # noqa: F401, PLC0415 - it loads models, which can be done now only

        queue._redis = connection = django_rq.get_connection()
        queue.redis_healthcheck = pulse
        if in_requests():
            # One pool for a process. Else each job, and each note of who was active, opens a connection of its own,
            # whose greetings take longer than the job does: most of the time of a save where Redis is far away.
            queues.get_redis_connection = lambda *_, **__: connection
        try:
            from users.functions import last_activity  # noqa: PLC0415 - models can be imported now only; since 1.21
        except ImportError:
            return
        last_activity._redis = queue._redis


class LongJobsNeedRedis:
    """Middleware that answers 503 instead of doing inside of a request what takes minutes."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer
        self.views = tuple(load_func(name) for name in LONG)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing but views is looked at."""
        return self.answer(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        """The refusal, in the form of Label Studio's own errors; None lets the view answer."""
        starts = request.method == "POST" and issubclass(getattr(view, "cls", object), self.views)
        if not starts or pulse():
            return None
        return JsonResponse({"status_code": 503, "detail": REASON}, status=503, headers={"Retry-After": "60"})
