"""Puts the limits of ``time_limits`` where libraries and Label Studio have no setting for them.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from botocore.config import Config
from django.apps import AppConfig
from django.db import connections
from django.db.backends.signals import connection_created
from time_limits import limits, server_side


class BoundedCalls(AppConfig):  # type: ignore[misc]
    """The Django application that sets them, once all of Label Studio is loaded."""

    name = "bounded_calls"

    def ready(self) -> None:
        """ImportError or AttributeError where a release has no such place."""
        _limit_stores()
        _limit_model_servers()
        _limit_imports()
        connection_created.connect(_limit_sessions, dispatch_uid=self.name)
        # Label Studio asks the database while it is loaded, and would keep those sessions, which have no limits.
        connections.close_all()


def _limit_stores() -> None:
    limit = limits()["object store"]
    # Of each client, whoever makes it: Label Studio's storages and django-storages have settings of their own.
    Config.OPTION_DEFAULTS |= {
        "connect_timeout": limit.connect,
        "read_timeout": limit.read,
        "retries": {"mode": "standard", "total_max_attempts": limit.attempts},
    }


def _limit_sessions(connection: Any, **_: Any) -> None:
    """Let PostgreSQL end statements of requests that nobody waits for, and sessions whose client is gone.

    A client that gave up in a silence is gone for itself alone: its transaction would keep its locks for two hours.
    """
    if connection.vendor == "postgresql":
        parameters = server_side()
        with connection.cursor() as cursor:
            calls = ", ".join(["set_config(%s, %s, false)"] * len(parameters))
            cursor.execute(f"SELECT {calls}", [text for each in parameters.items() for text in each])


def _limit_model_servers() -> None:
    from ml.api_connector import BaseHTTPAPI  # noqa: PLC0415 - models can be imported now only

    # Label Studio makes each connection up to three times.
    BaseHTTPAPI.MAX_RETRIES = 0


def _limit_imports() -> None:
    from data_import import uploader  # noqa: PLC0415 - models can be imported now only

    limit = limits()["import from a URL"]
    uploader.ssrf_safe_get = partial(uploader.ssrf_safe_get, timeout=(limit.connect, limit.read))
