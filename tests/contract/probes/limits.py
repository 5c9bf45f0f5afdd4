"""How long calls of a release take to a server that stays silent; stdin says whether uWSGI runs the process."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

if json.loads(sys.stdin.read()):
    sys.modules["uwsgi"] = mock.Mock()

import time_limits

for service in ("object store", "import from a URL"):
    short = time_limits.Limit(0.5, 0.5, time_limits.limits()[service].attempts)
    time_limits.limits()[service] = short

import os  # noqa: E402

silent = socket.create_server(("127.0.0.1", 0), backlog=64)
port = silent.getsockname()[1]
os.environ |= {"DJANGO_DB": "default", "POSTGRE_HOST": "127.0.0.1", "POSTGRE_PORT": str(port)}

import django  # noqa: E402

django.setup()

from data_import import uploader  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from io_storages.s3.utils import get_client_and_resource  # noqa: E402
from ml.api_connector import MLApi  # noqa: E402
from storages.backends.s3boto3 import S3Boto3Storage  # noqa: E402

url = f"http://127.0.0.1:{port}"
keys = {"access_key": "key", "secret_key": "secret", "region_name": "r", "endpoint_url": url, "bucket_name": "b"}


def seconds(call: Callable[[], Any]) -> list[Any]:
    """How the call ended, and after how long."""
    began = time.monotonic()
    try:
        ended = str(call())
    except Exception as error:
        ended = type(error).__name__
    return [ended, time.monotonic() - began]


client, resource = get_client_and_resource("key", "secret", None, "r", url)
statements: list[Any] = []
cursor = mock.MagicMock()
cursor.__enter__.return_value.execute = lambda *given: statements.append(given)
connection_created.send(sender=type(connection), connection=mock.Mock(vendor="postgresql", cursor=lambda: cursor))
print(
    json.dumps(
        {
            "PostgreSQL": seconds(connection.ensure_connection),
            "options": connection.settings_dict["OPTIONS"],
            "statements": statements,
            "storages": seconds(lambda: client.head_bucket(Bucket="b")),
            "resource": seconds(lambda: resource.meta.client.head_bucket(Bucket="b")),
            "uploads": seconds(lambda: S3Boto3Storage(**keys).exists("name")),
            "import": seconds(lambda: uploader.ssrf_safe_get(url)),
            "model server": seconds(lambda: MLApi(url="http://192.0.2.1:9").health().is_error),
        }
    )
)
sys.stdout.flush()
os._exit(0)
