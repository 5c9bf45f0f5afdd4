"""What the jobs of declared projects are given besides the declaration itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from ..connections import Peer, S3Connection, SecretKey, each_once

Role = Literal["source", "target"]


@dataclass(frozen=True)
class Account:
    """References to what the jobs of projects log in with."""

    email: SecretKey
    password: SecretKey


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Who invites the account of the projects, whose address is of the same ``domain``."""

    email: pulumi.Input[str]
    password: SecretKey
    domain: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """The Label Studio that has the projects: its ``service``, to which jobs speak without TLS, and its release.

    ``url`` is where people see it; ``user`` is the one that its image runs as.
    """

    release: str
    service: pulumi.Input[str]
    url: pulumi.Input[str | None] = None
    user: int = 1001


@dataclass(frozen=True, kw_only=True)
class ProjectStorage:
    """One storage; ``options`` are fields of Label Studio's API that only a source or only a target has.

    ``user_connection`` is the one with which people upload to the source or export from the target.
    """

    title: str
    connection: S3Connection
    user_connection: S3Connection
    options: Mapping[str, str | int | bool | None] = field(default_factory=dict)


def storage_peers(storages: Iterable[ProjectStorage]) -> list[Peer | None]:
    """Each server that the storages are at, once."""
    return each_once(storage.connection.peer for storage in storages)
