"""Which S3 endpoints a release of Label Studio takes, and where it really connects to.

Reads ``{"urls": [...], "rebinding": [host, ...]}``: what to save and to list as the endpoint of a storage, and the
names that look public until a connection is made.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import django

django.setup()

from core.utils import io  # noqa: E402
from io_storages.s3 import serializers, utils  # noqa: E402
from io_storages.s3.models import S3ImportStorage  # noqa: E402

PUBLIC = "93.184.216.34"
question = json.load(sys.stdin)


def outcome(act: Callable[[], Any]) -> str:
    """Empty where it worked, else the names of the errors that led to each other."""
    try:
        act()
    except Exception as error:
        names, cause = [], error
        while cause is not None:
            names.append(type(cause).__name__)
            cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
        return " ".join(names)
    return ""


def save(url: str) -> Any:
    """As the form of the page does."""
    mixin = serializers.S3StorageSerializerMixin()
    return getattr(mixin, "validate_s3_endpoint", lambda value: value)(url)


def listing(url: str) -> Any:
    """As an import does."""
    client, _ = utils.get_client_and_resource("key", "secret", None, None, url)
    client.meta.events.register("needs-retry.s3", lambda **_: None)
    return client.list_objects_v2(Bucket="data", MaxKeys=1)


def rebind(names: list[str]) -> None:
    """Let the check of an endpoint see a public address where a connection then gets a private one."""
    resolve = socket.gethostbyname
    lookup = socket.getaddrinfo
    socket.gethostbyname = lambda host: PUBLIC if host in names else resolve(host)
    socket.getaddrinfo = lambda host, *rest: lookup("127.0.0.1" if host in names else host, *rest)


def amazon() -> list[str]:
    """Where a storage without an endpoint is."""
    client, resource = utils.get_client_and_resource("key", "secret", None, None, None)
    blank, _ = utils.get_client_and_resource("key", "secret", None, "eu-central-1", "")
    return [client.meta.endpoint_url, resource.meta.client.meta.endpoint_url, blank.meta.endpoint_url]


def storage(place: dict[str, str]) -> Any:
    """A storage as the page makes it: checked, then read."""
    made = S3ImportStorage(**place, use_blob_urls=True)
    made.validate_connection()
    client, _ = made.get_client_and_bucket()
    return [client.get_object(Bucket=place["bucket"], Key=f"{place['prefix']}cat.jpg")["Body"].read().decode()]


def outcomes(act: Callable[[str], Any]) -> dict[str, str]:
    """The outcome for each URL."""
    return {url: outcome(partial(act, url)) for url in question["urls"]}


rebind(question.get("rebinding", []))
check = getattr(io, "validate_url_for_ssrf", None) or io.validate_upload_url
answers = {
    "saved": outcomes(save),
    "listed": outcomes(listing),
    "imported": outcomes(lambda url: io.ssrf_safe_get(url, timeout=5)),
    "checked elsewhere": outcomes(lambda url: check(url, block_local_urls=True)),
    "amazon": amazon(),
    "storage": storage(question["storage"]) if "storage" in question else None,
}
print(json.dumps(answers))
