"""How long calls of a release take to a server that stays silent; stdin says whether uWSGI runs the process."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

if json.loads(sys.stdin.read()):
    sys.modules["uwsgi"] = mock.Mock()

tempfile.tempdir = tempfile.mkdtemp()

import time_limits  # noqa: E402

for service in ("object store", "import from a URL"):
    short = time_limits.Limit(0.5, 0.5, time_limits.limits()[service].attempts)
    time_limits.limits()[service] = short

import os  # noqa: E402

servers: list[socket.socket] = []


def silent() -> int:
    """The port of another server that is silent."""
    servers.append(socket.create_server(("127.0.0.1", 0), backlog=64))
    return int(servers[-1].getsockname()[1])


os.environ |= {"DJANGO_DB": "default", "POSTGRE_HOST": "127.0.0.1", "POSTGRE_PORT": str(silent())}

import django  # noqa: E402

django.setup()

from circuit_breakers import SHORT_SECONDS, away  # noqa: E402
from data_import import uploader  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from django.test import Client  # noqa: E402
from guarded_calls import POSTGRESQL  # noqa: E402
from io_storages.s3.utils import get_client_and_resource  # noqa: E402
from ml.api_connector import MLApi  # noqa: E402
from storages.backends.s3boto3 import S3Boto3Storage  # noqa: E402

keys = {"access_key": "key", "secret_key": "secret", "region_name": "r", "bucket_name": "b"}


def url() -> str:
    """The address of another server that is silent."""
    return f"http://127.0.0.1:{silent()}"


def seconds(call: Callable[[], Any]) -> list[Any]:
    """How the call ended, and after how long."""
    began = time.monotonic()
    try:
        ended = str(call())
    except Exception as error:
        ended = type(error).__name__
    return [ended, time.monotonic() - began]


def answer(path: str) -> dict[str, Any]:
    """What the page says, and after how long."""
    began = time.monotonic()
    found = Client(raise_request_exception=False).get(path, headers={"Host": "localhost"})
    return {
        "status": found.status_code,
        "text": found.content.decode(),
        "retry": found.headers.get("Retry-After"),
        "seconds": time.monotonic() - began,
    }


def usable() -> list[Any]:
    """What becomes of a connection that was good before its server went silent, and of that of another process."""
    POSTGRESQL.answered()

    def wait(*_: Any) -> None:
        time.sleep(SHORT_SECONDS)
        raise connection.Database.OperationalError

    good = connection.connection
    connection.connection = mock.Mock(cursor=mock.Mock(side_effect=wait))
    found = [seconds(connection.is_usable), seconds(connection.is_usable)]
    connection.connection = good
    return found


def later() -> dict[str, Any]:
    """How services that are known to be away end their calls after a while."""
    time.sleep(LATER_SECONDS)
    return {
        "object store": seconds(lambda: client.head_bucket(Bucket="b")),
        "model server": seconds(lambda: model.health().error_message),
        "PostgreSQL": seconds(connection.ensure_connection),
    }


def hang_up(server: socket.socket) -> None:
    """An answer, if not a kind one."""
    while True:
        server.accept()[0].close()


def back() -> list[Any]:
    """What is away some seconds after the servers began to answer, when nobody has called them."""
    for server in servers:
        threading.Thread(target=hang_up, args=[server], daemon=True).start()
    began = time.monotonic()
    while away() and time.monotonic() < began + 20:
        time.sleep(0.05)
    return [away(), time.monotonic() - began]


# More than from one question whether a service is back to the next.
LATER_SECONDS = 4
client, _ = get_client_and_resource("key", "secret", None, "r", url())
of_resource = get_client_and_resource("key", "secret", None, "r", url())[1].meta.client
model = MLApi(url=url())
statements: list[Any] = []
cursor = mock.MagicMock()
cursor.__enter__.return_value.execute = lambda *given: statements.append(given)
connection_created.send(sender=type(connection), connection=mock.Mock(vendor="postgresql", cursor=lambda: cursor))
print(
    json.dumps(
        {
            "PostgreSQL": [seconds(connection.ensure_connection) for _ in range(2)],
            "usable": usable(),
            "options": connection.settings_dict["OPTIONS"],
            "statements": statements,
            "storages": seconds(lambda: client.head_bucket(Bucket="b")),
            "resource": seconds(lambda: of_resource.head_bucket(Bucket="b")),
            "uploads": seconds(lambda: S3Boto3Storage(**keys, endpoint_url=url()).exists("name")),
            "import": seconds(lambda: uploader.ssrf_safe_get(url())),
            "model servers": [seconds(lambda: model.health().error_message) for _ in range(4)],
            "store again": [seconds(lambda: client.head_bucket(Bucket="b")) for _ in range(2)],
            "page": {path: answer(path) for path in ("/user/login/", "/api/projects/", "/health")},
            **({"later": later(), "back": back()} if time_limits.in_requests() else {}),
        }
    )
)
sys.stdout.flush()
os._exit(0)
