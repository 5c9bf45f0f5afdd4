"""What the components of declared projects are told; plain values and Inputs, no settings models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from ..connections import S3Connection, SecretKey
from ..kubernetes.backing_service import ServiceArgs

Role = Literal["source", "target"]


@dataclass(frozen=True)
class Account:
    """References to what the jobs of projects log in with."""

    email: SecretKey
    password: SecretKey


@dataclass(frozen=True, kw_only=True)
class JobArgs(ServiceArgs):
    """``image`` is that of Label Studio; ``service`` its Service, to which jobs speak without TLS."""

    image: str
    service: pulumi.Input[str]
    run_as_user: int = 1001


@dataclass(frozen=True, kw_only=True)
class AccountArgs(JobArgs):
    """The account is made with an invitation of the administrator."""

    administrator_email: pulumi.Input[str]
    administrator_password: SecretKey
    domain: str


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """One storage; ``options`` are fields of Label Studio's API that only a source or only a target has.

    ``people`` is the connection with which people upload to the source or export from the target.
    """

    title: str
    connection: S3Connection
    people: S3Connection
    options: Mapping[str, str | int | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AnnotationProjectArgs(JobArgs):
    """``identity`` tells the project from all others for ever; ``schedule`` has five cron fields, in UTC.

    ``release`` is the name of Label Studio's release, whose pods read and write the storages.
    """

    release: str
    account: Account
    identity: str
    title: str
    label_config: str
    storages: Mapping[Role, StorageArgs]
    description: str = ""
    page_url: pulumi.Input[str | None] = None
    schedule: str | None = None
