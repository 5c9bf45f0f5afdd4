"""Copies the files of Label Studio's volume to its bucket; it runs in a pod of the page, which has both.

It is given to the Python of the pod as text, and the keys of the bucket by its standard input.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

DATA = "/label-studio/data"


def media() -> Path:
    """Where Label Studio keeps uploads, avatars and exports on a volume; the bucket has the same names."""
    return Path(os.environ.get("LABEL_STUDIO_BASE_DATA_DIR", DATA), "media")


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file with its name in the bucket."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def is_there(found: Mapping[str, Any] | None, path: Path) -> bool:
    """Whether an object is the file already; the ETag of one that was written at once is the MD5 of its content."""
    if found is None or found["Size"] != path.stat().st_size:
        return False
    etag = found["ETag"].strip('"')
    return "-" in etag or etag == md5(path)


def md5(path: Path) -> str:
    """Of a file that may be larger than the memory of the pod."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def copy(client: Any, bucket: str, prefix: str, folder: Path) -> tuple[int, int]:
    """How many files there are, and how many of them were copied now; what is there already stays."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    there = {item["Key"]: item for page in pages for item in page.get("Contents", [])}
    known = copied = 0
    for name, path in files(folder):
        known += 1
        if not is_there(there.get(prefix + name), path):
            client.upload_file(str(path), bucket, prefix + name)
            copied += 1
    return known, copied


def main() -> None:
    """Read what to connect with, copy, and say what was done as JSON."""
    import boto3  # noqa: PLC0415 - of Label Studio's image
    from botocore.config import Config  # noqa: PLC0415

    given = json.loads(sys.stdin.readline())
    with tempfile.NamedTemporaryFile("w", suffix=".crt") as authority:
        authority.write(given["ca"] or "")
        authority.flush()
        client = boto3.client(
            "s3",
            **given["client"],
            verify=authority.name if given["ca"] else None,
            # Servers other than Amazon's know no checksums in trailers.
            config=Config(signature_version="s3v4", request_checksum_calculation="when_required"),
        )
        known, copied = copy(client, given["bucket"], given["prefix"], media())
    sys.stdout.write(json.dumps({"files": known, "copied": copied}) + "\n")


if __name__ == "__main__":
    main()
