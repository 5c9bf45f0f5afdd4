"""One object as a file of this machine: what has come of it stays, and the next attempt goes on from there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from .errors import ProjectError
from .listed import Listed, digest
from .store import Store, refused

CHUNK = 256 * 1024
# After a connection broke off, with up to so many seconds between two; boto3 itself retries what never began.
ATTEMPTS, LONGEST_PAUSE = 8, 16
CHANGED = {"PreconditionFailed", "412"}
GONE = {"NoSuchVersion", "NoSuchKey", "404"}


@dataclass(frozen=True)
class Fetch:
    """Downloads from a store; ``parts`` is a folder for what is not complete, on the disk of the files themselves."""

    store: Store
    parts: Path
    advance: Callable[[int], None] = lambda _: None

    def __call__(self, listed: Listed, file: Path) -> Listed:
        """Write the content that was listed to a file; ProjectError where it cannot be had any more.

        Of a version, what is returned has the digest, and the file is only there with the one that was expected.
        """
        part = self.parts / hashlib.sha256(f"{listed.name}\n{listed.etag}".encode()).hexdigest()
        self.advance(part.stat().st_size if part.exists() else 0)
        attempts = Retrying(
            retry=retry_if_exception_type(BotoCoreError),
            wait=wait_exponential(max=LONGEST_PAUSE),
            stop=stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        try:
            attempts(self._go_on, listed, part)
        except BotoCoreError as error:
            reason = type(error).__name__
            raise ProjectError(f"{listed.name}: the store stopped in the middle of it ({reason})") from None
        if listed.version:
            listed = self._verified(listed, part)
        file.parent.mkdir(parents=True, exist_ok=True)
        part.replace(file)
        return listed

    def _verified(self, listed: Listed, part: Path) -> Listed:
        found = digest(part)
        if listed.sha256 not in (None, found):
            part.unlink()
            raise ProjectError(
                f"{listed.name}: the content of its version {listed.version} is not the one of the snapshot (SHA-256)"
            )
        return replace(listed, sha256=found)

    def _go_on(self, listed: Listed, part: Path) -> None:
        with part.open("ab") as output:
            if (have := output.tell()) == listed.size:
                return
            body = self._body(listed, have)
            # A read that the server cuts off raises an error: the length of the answer is known.
            while chunk := body.read(CHUNK):
                output.write(chunk)
                self.advance(len(chunk))

    def _body(self, listed: Listed, have: int) -> Any:
        place = self.store.place
        wanted = {"Bucket": place.bucket, "Key": place.prefix + listed.name, "IfMatch": f'"{listed.etag}"'}
        if listed.version:
            wanted["VersionId"] = listed.version
        if have:
            wanted["Range"] = f"bytes={have}-"
        try:
            return self.store.client.get_object(**wanted)["Body"]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            # What was uploaded before versioning has the version "null", which is written over while it is suspended.
            if (listed.version and code in GONE) or (listed.sha256 and code in CHANGED):
                raise ProjectError(
                    f"{listed.name}: its version {listed.version} is gone for good: somebody deleted it in "
                    f"s3://{place.bucket}/{place.prefix}, or wrote over it while versioning was suspended"
                ) from None
            if code in CHANGED:
                raise ProjectError(f"{listed.name} was changed during the download; run the command again") from None
            raise refused(place, error) from None
