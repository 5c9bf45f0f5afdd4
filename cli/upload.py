"""Uploads of a folder: what is there already stays, and what fails while the server is away is tried again."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from hashlib import md5
from pathlib import Path

import urllib3
from boto3.s3.transfer import TransferConfig
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry

from .errors import ProjectError
from .store import THREADS, Store, explained, workers

MIB = 1024 * 1024
# A file that is larger goes in parts of this size, so that a server keeps what it has of it.
PART = 16 * MIB
# Waits of 1, 2, 4, 8, then 16 seconds between the tries: more than a minute and a half in all.
RETRY = Retry(
    total=10, backoff_factor=0.5, backoff_max=16, status_forcelist=(500, 502, 503, 504), raise_on_status=False
)
URL_SECONDS = 3600


@dataclass(frozen=True)
class Source:
    """A file of the folder, and the name that its object has below the prefix."""

    path: Path
    name: str

    @property
    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size

    def etag(self) -> str:
        """The ETag that a server gives to the object: MD5, of the parts' MD5s where there are parts."""
        with self.path.open("rb") as file:
            parts = [md5(part, usedforsecurity=False) for part in iter(partial(file.read, PART), b"")]
        if len(parts) <= 1:
            return parts[0].hexdigest() if parts else md5(usedforsecurity=False).hexdigest()
        whole = md5(b"".join(part.digest() for part in parts), usedforsecurity=False)
        return f"{whole.hexdigest()}-{len(parts)}"

    def is_like(self, size: int, etag: str) -> bool:
        """Whether an object has the content of the file. Where a server encrypts, its ETag is something else."""
        return self.size == size and self.etag() == etag


def files_of(directory: str) -> list[tuple[Path, str]]:
    """The files of a folder and of those in it, with their names there; ProjectError where there are none."""
    # Path("") is the working directory, which nobody named.
    folder = Path(directory)
    if not directory.strip() or not folder.is_dir():
        raise ProjectError(f"there is no folder {directory!r}; write . for the one that you are in")
    files = [(file, file.relative_to(folder).as_posix()) for file in sorted(folder.rglob("*")) if file.is_file()]
    if not files:
        raise ProjectError(f"there are no files in {directory}")
    return files


@dataclass(frozen=True)
class Folder:
    """The files that a person uploads, against what is below the prefix of the project."""

    store: Store
    sources: Sequence[Source]
    objects: Mapping[str, tuple[int, str]]

    @classmethod
    def read(cls, store: Store, files: Iterable[tuple[Path, str]]) -> Folder:
        """Ask the server what is there; ProjectError if it refuses."""
        return cls(store, [Source(path, name) for path, name in files], store.objects())

    def divided(self) -> tuple[list[Source], list[Source]]:
        """The files that are there already, and those that are not, or with another content."""
        there: list[Source] = []
        missing: list[Source] = []
        with ThreadPoolExecutor(THREADS) as pool:
            for source, is_there in zip(self.sources, pool.map(self._is_there, self.sources), strict=True):
                (there if is_there else missing).append(source)
        return there, missing

    def _is_there(self, source: Source) -> bool:
        found = self.objects.get(source.name)
        return found is not None and source.is_like(*found)


def upload(store: Store, sources: Iterable[Source], advance: Callable[[int], None]) -> None:
    """Put files, several at a time; ``advance`` is told of bytes. ProjectError for what fails for good."""
    _each(_Put(store, advance), sources)


def delete(store: Store, sources: Iterable[Source], advance: Callable[[int], None]) -> None:
    """Delete the objects of files, several at a time; ``advance`` is told of each one."""

    def remove(source: Source) -> None:
        with explained(store.place):
            store.client.delete_object(Bucket=store.place.bucket, Key=store.place.prefix + source.name)
        advance(1)

    _each(remove, sources)


def _each(work: Callable[[Source], None], sources: Iterable[Source]) -> None:
    with workers() as pool:
        for future in as_completed([pool.submit(work, source) for source in sources]):
            future.result()


class _Put:
    """Small files by a signed address and one request, which is a third of the work of ``upload_file``."""

    def __init__(self, store: Store, advance: Callable[[int], None]) -> None:
        self._store = store
        self._advance = advance
        self._http = urllib3.PoolManager(maxsize=THREADS, retries=RETRY, ca_certs=store.authority)
        self._parts = TransferConfig(multipart_threshold=PART + 1, multipart_chunksize=PART, max_concurrency=2)

    def __call__(self, source: Source) -> None:
        kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        if source.size > PART:
            self._put_parts(source, kind)
        else:
            self._put_whole(source, kind)

    def _put_whole(self, source: Source, kind: str) -> None:
        place, content = self._store.place, source.path.read_bytes()
        parameters = {"Bucket": place.bucket, "Key": place.prefix + source.name, "ContentType": kind}
        url = self._store.client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=URL_SECONDS)
        try:
            answer = self._http.request("PUT", url, body=content, headers={"Content-Type": kind})
        except MaxRetryError as error:
            raise ProjectError(f"{source.name}: the store does not answer ({type(error.reason).__name__})") from None
        except HTTPError as error:
            raise ProjectError(f"{source.name}: the store does not answer ({type(error).__name__})") from None
        if answer.status != 200:
            raise ProjectError(f"{source.name}: the store refuses it: {answer.status} {answer.reason}")
        self._advance(len(content))

    def _put_parts(self, source: Source, kind: str) -> None:
        place = self._store.place
        with explained(place):
            self._store.client.upload_file(
                str(source.path),
                place.bucket,
                place.prefix + source.name,
                ExtraArgs={"ContentType": kind},
                Config=self._parts,
                Callback=self._advance,
            )
