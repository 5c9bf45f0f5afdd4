"""The S3 server of a project, with the key that people have for it."""

from __future__ import annotations

import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .cluster import Cluster
from .errors import ProjectError
from .listed import Listed, list_objects
from .stack import Place

THREADS = 8
# With waits of up to 20 seconds between them (botocore's standard mode): a server may be away for a minute.
TRIES = 8
SCHEME_PORTS = {"http": 80, "https": 443}
# <service>.<namespace>.svc.<domain of the cluster>
SERVICE_LABELS = 3
# Objects that are asked for ahead of the one that is wanted: enough for all threads, and little memory.
AHEAD = 4 * THREADS

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Store:
    """One prefix of one bucket."""

    client: Any
    place: Place
    authority: str | None = None
    """File with the authority of the server's certificate, where it is not a public one."""

    def names(self) -> list[str]:
        """What lies there, without what stands for a folder."""
        return list(self.objects())

    def objects(self) -> dict[str, tuple[int, str]]:
        """Size in bytes and ETag of what lies there, by name, without what stands for a folder."""
        return {found.name: (found.size, found.etag) for found in self.listed()}

    def listed(self) -> Iterator[Listed]:
        """The same, a page of the server at a time."""
        place = self.place
        with explained(place):
            yield from list_objects(self.client, place.bucket, place.prefix)

    def read(self, names: Iterable[str]) -> Iterator[bytes]:
        """The contents of objects, several at a time, in the order of their names."""
        return in_order(self._get, names)

    def _get(self, name: str) -> bytes:
        with explained(self.place):
            answer = self.client.get_object(Bucket=self.place.bucket, Key=self.place.prefix + name)
            content: bytes = answer["Body"].read()
        return content


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """Threads that nobody waits for once one of them failed, or somebody stopped the command."""
    pool = ThreadPoolExecutor(THREADS)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The results of ``work``, several at a time, in the order of the items, of which few are taken ahead."""
    waiting: deque[Future[Result]] = deque()
    with workers() as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def open_store(cluster: Cluster, place: Place, endpoint: str | None = None) -> Iterator[Store]:
    """The store, through the API server where only pods can reach it; ``endpoint`` is another way to it."""
    with _reachable(cluster, endpoint or place.endpoint) as url, _authority(cluster, place) as ca:
        keys = (place.access_key_id, place.secret_access_key, place.session_token)
        identifier, secret, token = (cluster.secret(key) if key else None for key in keys)
        client = boto3.client(
            "s3",
            aws_access_key_id=identifier,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name=place.region,
            endpoint_url=url,
            verify=ca,
            config=Config(
                signature_version="s3v4",
                max_pool_connections=THREADS,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                # Servers other than Amazon's know no checksums in trailers.
                request_checksum_calculation="when_required",
            ),
        )
        yield Store(client, place, ca)


@contextmanager
def _reachable(cluster: Cluster, endpoint: str | None) -> Iterator[str | None]:
    url = urlsplit(endpoint or "")
    labels = (url.hostname or "").split(".")
    if len(labels) < SERVICE_LABELS or labels[2] != "svc":
        yield endpoint
        return
    port = url.port or SCHEME_PORTS[url.scheme]
    with cluster.service(labels[0], labels[1], port) as local_port, _resolved_here(url.hostname or ""):
        # The name stays, so that the server's certificate is verified for it.
        yield f"{url.scheme}://{url.hostname}:{local_port}"


@contextmanager
def _resolved_here(host: str) -> Iterator[None]:
    resolve = socket.getaddrinfo

    def resolve_here(name: Any, *arguments: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if name == host else name, *arguments, **options)

    socket.getaddrinfo = resolve_here  # type: ignore[assignment]
    try:
        yield
    finally:
        socket.getaddrinfo = resolve


@contextmanager
def _authority(cluster: Cluster, place: Place) -> Iterator[str | None]:
    if place.ca is None:
        yield None
        return
    with tempfile.NamedTemporaryFile("w", suffix=".crt") as file:
        file.write(cluster.secret(place.ca))
        file.flush()
        yield file.name


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Errors of boto3 as a ProjectError with the place that they are about."""
    try:
        yield
    except ClientError as error:
        raise refused(place, error) from None
    except (BotoCoreError, boto3.exceptions.Boto3Error) as error:
        raise ProjectError(f"s3://{place.bucket}/{place.prefix}: {error}") from None


def refused(place: Place, error: ClientError) -> ProjectError:
    """What a server answered, with the place that it was asked about."""
    code = error.response.get("Error", {}).get("Code", "")
    return ProjectError(f"s3://{place.bucket}/{place.prefix}: {error.operation_name}: {code}")
