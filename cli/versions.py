"""Versions of the objects of a bucket: whether it keeps them, which are the newest, and what was written first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from .errors import ProjectError
from .listed import Listed
from .store import Store, explained, refused

# Of a write that somebody else was faster with, long before or in the same moment (Amazon S3: conditional writes).
TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


def check(store: Store) -> None:
    """ProjectError unless the bucket keeps each version that is written to it from now on."""
    bucket = store.place.bucket
    with explained(store.place):
        status = store.client.get_bucket_versioning(Bucket=bucket).get("Status", "never enabled")
    if status != "Enabled":
        raise ProjectError(
            f"the bucket {bucket} keeps no versions (versioning is {status}), so no snapshot of it could be repeated: "
            "write objectStore.versioning: true and run pulumi up, or enable it in a store of your own"
        )


def newest(store: Store) -> Iterator[Listed]:
    """The newest version of each object, without deleted ones and what stands for a folder."""
    return (_listed(store, it) for it in _versions(store, "") if it["IsLatest"] and not it["Key"].endswith("/"))


def first(store: Store, name: str) -> Listed | None:
    """The version with which an object began, whatever was written over it."""
    # A server lists the versions of an object from the newest to the oldest one.
    found = [it for it in _versions(store, name) if it["Key"] == store.place.prefix + name]
    return _listed(store, found[-1]) if found else None


def write_once(store: Store, name: str, file: Path) -> None:
    """Write an object if there is none of this name, and leave it as it is if there is one."""
    place = store.place
    with file.open("rb") as content, explained(place):
        try:
            store.client.put_object(Bucket=place.bucket, Key=place.prefix + name, Body=content, IfNoneMatch="*")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in TAKEN:
                raise refused(place, error) from None


def _versions(store: Store, name: str) -> Iterator[dict[str, Any]]:
    place = store.place
    with explained(place):
        pages = store.client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=place.bucket, Prefix=place.prefix + name):
            yield from page.get("Versions", [])


def _listed(store: Store, item: dict[str, Any]) -> Listed:
    name = item["Key"].removeprefix(store.place.prefix)
    return Listed(name, item["Size"], item["ETag"].strip('"'), item["VersionId"])
