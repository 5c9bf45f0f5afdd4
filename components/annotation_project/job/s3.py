"""Looks at buckets with the keys that Label Studio is about to get: its own messages say little about other servers.

Label Studio's checks are made with the same calls (``io_storages/s3/models.py``), so what passes here passes there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.exceptions import ConnectionError as ServerConnectionError

from .errors import RefusedError

WRONG_KEYS = {
    "does not know the access key id": {"InvalidAccessKeyId"},
    "says that the secret access key is wrong": {"SignatureDoesNotMatch"},
    "refuses the session token": {"InvalidToken", "InvalidTokenId"},
    "says that the session token has expired": {"ExpiredToken"},
}
# Operations that need more than listing, in words.
ACTIONS = {
    "PutObject": "write to",
    "CreateMultipartUpload": "write to",
    "UploadPart": "write to",
    "CompleteMultipartUpload": "write to",
    "GetObject": "read",
    "DeleteObject": "delete from",
}
# A network policy takes a moment to let a new pod out, longer on a busy node; the pauses grow to half a minute in all.
ATTEMPTS = 6


@dataclass(frozen=True)
class Key:
    """Credentials of one purpose, as the pod gets them from Secrets."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, purpose: str, environment: Mapping[str, str] = os.environ) -> Key | None:
        """The key in ``<PURPOSE>_ACCESS_KEY_ID`` and so on; None where the pod's cloud identity is used."""
        prefix = purpose.upper()
        identifier = environment.get(f"{prefix}_ACCESS_KEY_ID")
        secret = environment.get(f"{prefix}_SECRET_ACCESS_KEY")
        return cls(identifier, secret, environment.get(f"{prefix}_SESSION_TOKEN")) if identifier and secret else None


@dataclass(frozen=True)
class Place:
    """Where objects lie: ``prefix`` is empty or ends with a slash, no endpoint means Amazon S3."""

    role: str
    bucket: str
    prefix: str
    region: str
    endpoint: str | None = None
    ca: str | None = None

    @property
    def server(self) -> str:
        """The server's name for messages."""
        return self.endpoint or "Amazon S3"


def is_empty(place: Place, key: Key) -> bool:
    """Whether nothing lies there; RefusedError where the key may not list it."""
    with explained(place):
        client = connect(place, key)
        if not place.prefix:
            client.head_bucket(Bucket=place.bucket)
        answer = client.list_objects_v2(Bucket=place.bucket, Prefix=place.prefix, MaxKeys=1)
        return not answer.get("KeyCount")


def make_folder(place: Place, key: Key) -> None:
    """Make a place without objects exist: Label Studio refuses a source whose prefix nothing has."""
    with explained(place):
        connect(place, key).put_object(Bucket=place.bucket, Key=place.prefix, Body=b"")


def connect(place: Place, key: Key | None) -> Any:
    """A client; without a key it has the cloud identity of the pod."""
    own = (key.access_key_id, key.secret_access_key, key.session_token) if key else (None, None, None)
    session = boto3.Session(*own, place.region)
    return session.client(
        "s3",
        endpoint_url=place.endpoint,
        verify=place.ca,
        config=Config(signature_version="s3v4", connect_timeout=10, retries={"total_max_attempts": ATTEMPTS}),
    )


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Errors of boto3 as a RefusedError that names the place."""
    try:
        yield
    except ClientError as error:
        raise RefusedError(f"{place.role}: {_explanation(place, error)}") from None
    except ServerConnectionError as error:
        raise RefusedError(f"{place.role}: {place.server} cannot be reached ({type(error).__name__})") from None
    except (BotoCoreError, ValueError) as error:
        raise RefusedError(f"{place.role}: {place.server} cannot be used: {error}") from None


def _explanation(place: Place, error: ClientError) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in {"NoSuchBucket", "404"}:
        return f"the bucket {place.bucket} does not exist at {place.server}"
    for complaint, codes in WRONG_KEYS.items():
        if code in codes:
            return f"wrong keys: {place.server} {complaint}"
    if code in {"AccessDenied", "403"}:
        action = ACTIONS.get(error.operation_name, "list")
        return f"the key may not {action} s3://{place.bucket}/{place.prefix} at {place.server}"
    return f"{place.server} answered {code} to {error.operation_name}"
