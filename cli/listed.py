"""Objects as their server listed them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Listed:
    """An object as its server listed it; ``size`` is in bytes, ``name`` without the prefix of the place.

    With a ``version``, it is that version of the object; ``sha256`` is of its content, in hexadecimal digits, if known.
    """

    name: str
    size: int
    etag: str
    version: str | None = None
    sha256: str | None = None


def list_objects(client: Any, bucket: str, prefix: str) -> Iterator[Listed]:
    """What lies below a prefix, a page of the server at a time, without what stands for a folder; boto3's errors."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if not item["Key"].endswith("/"):
                yield Listed(item["Key"].removeprefix(prefix), item["Size"], item["ETag"].strip('"'))


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
