"""An archive that is written to a bucket while it is made: there completely, or not at all."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cli.listed import list_objects

from .s3 import Place, explained

MIB = 1024 * 1024
# S3 takes 10,000 parts, each but the last of at least 5 MiB: they grow, so that small archives need little memory.
PART_BYTES, PARTS_OF_A_SIZE = 8 * MIB, 1000
CHUNK = MIB
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z\.zip", re.ASCII)


def name_at(moment: datetime) -> str:
    """The name of an archive, whose order is that of time."""
    return f"{moment:%Y-%m-%dT%H%M%SZ}.zip"


class Upload(io.RawIOBase):
    """A file to write to, whose content becomes an object with ``complete``."""

    def __init__(self, client: Any, place: Place, name: str) -> None:
        self._client, self._place = client, place
        self._target = {"Bucket": place.bucket, "Key": place.prefix + name}
        self._parts: list[dict[str, Any]] = []
        self._waiting = bytearray()
        self.size = 0
        with explained(place):
            self._id = client.create_multipart_upload(**self._target)["UploadId"]

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Keep it in memory until there is enough for a part."""
        self._waiting += data
        self.size += len(data)
        if len(self._waiting) >= PART_BYTES * (1 + len(self._parts) // PARTS_OF_A_SIZE):
            self._send()
        return len(data)

    def complete(self) -> None:
        """Make the object."""
        self._send()
        parts = {"Parts": self._parts}
        with explained(self._place):
            self._client.complete_multipart_upload(**self._target, UploadId=self._id, MultipartUpload=parts)

    def abort(self) -> None:
        """Forget what was sent."""
        with explained(self._place):
            self._client.abort_multipart_upload(**self._target, UploadId=self._id)

    def _send(self) -> None:
        number = len(self._parts) + 1
        piece = {"UploadId": self._id, "PartNumber": number, "Body": bytes(self._waiting)}
        with explained(self._place):
            part = self._client.upload_part(**self._target, **piece)
        self._parts.append({"ETag": part["ETag"], "PartNumber": number})
        self._waiting.clear()


@dataclass(frozen=True)
class Archive:
    """What is being written; files have the date of the ``moment``."""

    upload: Upload
    file: zipfile.ZipFile
    moment: datetime

    @classmethod
    @contextmanager
    def open(cls, client: Any, place: Place, name: str, moment: datetime) -> Iterator[Archive]:
        """An archive that is there once all of it was written; RefusedError where the server does not take it."""
        upload = Upload(client, place, name)
        try:
            with zipfile.ZipFile(upload, "w", allowZip64=True) as file:
                yield cls(upload, file, moment)
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    def add_folder(self, folder: Path) -> None:
        """Every file below a folder, packed."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with path.open("rb") as content:
                    self.add(str(path.relative_to(folder)), _chunks(content), zipfile.ZIP_DEFLATED)

    def add(self, name: str, content: Iterable[bytes], method: int = zipfile.ZIP_STORED) -> None:
        """One file, a piece of it in memory at a time."""
        info = zipfile.ZipInfo(name, self.moment.timetuple()[:6])
        info.compress_type, info.external_attr = method, 0o644 << 16
        with self.file.open(info, "w", force_zip64=True) as output:
            for chunk in content:
                output.write(chunk)


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    while chunk := content.read(CHUNK):
        yield chunk


def keep_newest(client: Any, place: Place, number: int) -> None:
    """Delete older archives; whatever has another name is none."""
    with explained(place):
        names = sorted(it.name for it in list_objects(client, place.bucket, place.prefix) if NAME.fullmatch(it.name))
        for name in names[:-number]:
            client.delete_object(Bucket=place.bucket, Key=place.prefix + name)
