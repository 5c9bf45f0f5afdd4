"""What Django, django-rq and Label Studio make of the settings module."""

from __future__ import annotations

import json

import django

django.setup()

import django_rq  # noqa: E402
from core.redis import _redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

queue = django_rq.get_queue("low") if settings.RQ_QUEUES.get("low") else None
print(
    json.dumps(
        {
            "age": connection.settings_dict["CONN_MAX_AGE"],
            "checked": connection.settings_dict["CONN_HEALTH_CHECKS"],
            "queues": sorted(settings.RQ_QUEUES),
            "host": queue.connection.connection_pool.connection_kwargs["host"] if queue else None,
            "redis": _redis is not None,
        }
    )
)
