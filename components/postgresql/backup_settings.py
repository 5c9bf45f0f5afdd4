"""Where the barman-cloud plugin of CloudNativePG writes backups, and where a new cluster begins from one."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import pulumi
from pydantic import AfterValidator, Field

from ..settings.base import InputOf, InputText, SecretReference, SettingsModel
from ..settings.network import ADDRESSES, Addresses
from ..settings.services import HttpUrl

RETENTION = re.compile(r"[1-9]\d*[dwm]")
CRON_FIELD = re.compile(r"[0-9A-Za-z*/,?-]+")
SERVER_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def _cron_with_seconds(value: str) -> str:
    fields = value.split()
    if len(fields) != 6 or not all(CRON_FIELD.fullmatch(field) for field in fields):
        raise ValueError("must have six fields, seconds first, such as '0 0 3 * * *' for three o'clock every night")
    return value


def _retention(value: str) -> str:
    if not RETENTION.fullmatch(value):
        raise ValueError("must be a number of days, weeks or months such as 30d, 4w or 6m")
    return value


def _path(value: str) -> str:
    url = urlsplit(value)
    if url.scheme != "s3" or not url.netloc or url.query or url.fragment:
        raise ValueError("must be a bucket with an optional path such as s3://backups/label-studio")
    return value.rstrip("/")


def _server_name(value: str) -> str:
    if not SERVER_NAME.fullmatch(value):
        raise ValueError("must be at most 63 letters, digits, '.', '_' and '-', such as label-studio-postgresql")
    return value


def _moment(value: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(value) if RFC_3339.fullmatch(value) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("must be a time with its zone as in RFC 3339, such as '2026-11-23T04:15:00Z'")
    if moment > datetime.datetime.now(datetime.UTC):
        raise ValueError("must not be in the future: a backup has nothing of it")
    return value


DestinationPath = Annotated[str, AfterValidator(_path)]


class BackupCredentials(SettingsModel):
    """The key with which backups are written or read."""

    access_key_id: SecretReference = Field(description="Key of a Secret that holds the access key id.")
    secret_access_key: SecretReference = Field(description="Key of a Secret that holds the secret access key.")


class BackupArchive(SettingsModel):
    """Where base backups and the write-ahead log of a cluster are."""

    destination_path: Annotated[InputText, InputOf(DestinationPath)] = Field(
        description="Bucket and path such as s3://backups/label-studio, outside of the object store of this stack."
    )
    server_name: Annotated[str, AfterValidator(_server_name)] | None = Field(
        None,
        description="Name of the cluster that writes there, a folder below the path; "
        "by default the cluster's own, which is label-studio-postgresql in every stack.",
    )
    endpoint: Annotated[InputText, InputOf(HttpUrl)] | None = Field(
        None, description="URL of the S3 server; Amazon S3 when not given."
    )
    addresses: Addresses | None = Field(None, description=ADDRESSES)
    endpoint_ca: SecretReference | None = Field(None, description="CA certificate of the S3 server, when not public.")
    credentials: BackupCredentials | None = Field(
        None, description="Key of the bucket; without one the pods' own cloud identity is used."
    )

    @property
    def archive(self) -> tuple[pulumi.Input[str] | None, pulumi.Input[str], str | None]:
        """What tells one archive from another, as far as the settings say; an Output is like itself only."""
        return self.endpoint, self.destination_path, self.server_name


class CnpgBackup(BackupArchive):
    """Base backups and WAL archive through the barman-cloud plugin of CloudNativePG, which the cluster must have."""

    retention: Annotated[str, AfterValidator(_retention)] = Field("30d", description="How long backups are kept.")
    schedule: Annotated[str, AfterValidator(_cron_with_seconds)] = Field(
        "0 0 3 * * *", description="When base backups are taken: six cron fields, seconds first."
    )
    compression: Literal["gzip", "bzip2", "snappy", "none"] = Field(
        "gzip", description="Compression of base backups and of the write-ahead log."
    )


class CnpgRestore(BackupArchive):
    """The backup that a new cluster begins with, read through the same plugin; nothing is written there."""

    target_time: Annotated[str, AfterValidator(_moment)] | None = Field(
        None, description="Moment to restore, as in RFC 3339; the end of the archive when not given."
    )
