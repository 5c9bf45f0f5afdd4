"""Where the barman-cloud plugin of CloudNativePG writes backups, and where a new cluster begins from one."""

from __future__ import annotations

from typing import Annotated, Literal

import pulumi
from pydantic import Field

from ..settings.base import InputOf, InputText, SecretReference, SettingsModel
from ..settings.grammars.hosts import Addresses, HttpUrl
from ..settings.grammars.s3 import DestinationPath, ServerName
from ..settings.grammars.schedules import CronWithSeconds, Moment, Retention
from ..settings.network import ADDRESSES
from ..settings.services import S3Key


class BackupCredentials(S3Key):
    """The key with which backups are written or read."""


class BackupArchive(SettingsModel):
    """Where base backups and the write-ahead log of a cluster are."""

    destination_path: Annotated[InputText, InputOf(DestinationPath)] = Field(
        description="Bucket and path such as s3://backups/label-studio, outside of the object store of this stack."
    )
    server_name: ServerName | None = Field(
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

    retention: Retention = Field("30d", description="How long backups are kept.")
    schedule: CronWithSeconds = Field(
        "0 0 3 * * *", description="When base backups are taken: six cron fields, seconds first."
    )
    compression: Literal["gzip", "bzip2", "snappy", "none"] = Field(
        "gzip", description="Compression of base backups and of the write-ahead log."
    )


class CnpgRestore(BackupArchive):
    """The backup that a new cluster begins with, read through the same plugin; nothing is written there."""

    target_time: Moment | None = Field(
        None, description="Moment to restore, as in RFC 3339; the end of the archive when not given."
    )
