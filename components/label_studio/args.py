"""What the component ``LabelStudio`` is given, as one object for its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from ..connections import PostgresConnection, RedisConnection, S3Connection
from ..kubernetes.context import StackContext
from .settings import LabelStudioSettings, VolumePersistence


@dataclass(frozen=True, kw_only=True)
class Connections:
    """What the backing services promise; ``uploads`` is the bucket of uploads.

    ``storage_endpoints`` are the URLs of further S3 servers, which storages of projects are on, and ``receivers`` those
    of declared webhooks in private networks, each without its path. ``models`` are the declared model servers, each as
    ``<project>/<name>=<URL>``.
    """

    postgresql: PostgresConnection
    redis: RedisConnection | None = None
    uploads: S3Connection | None = None
    storage_endpoints: Sequence[pulumi.Input[str]] = ()
    receivers: Sequence[str] = ()
    models: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class LabelStudioArgs:
    """Uploads live on a volume or in the bucket of ``connections``, as the settings say."""

    settings: LabelStudioSettings
    connections: Connections
    context: StackContext

    def __post_init__(self) -> None:
        if self.volume is None and self.uploads is None:
            raise ValueError("Label Studio needs a volume or an S3 bucket for its uploads")

    @property
    def postgresql(self) -> PostgresConnection:
        """The database."""
        return self.connections.postgresql

    @property
    def redis(self) -> RedisConnection | None:
        """The queue, if there is one."""
        return self.connections.redis

    @property
    def uploads(self) -> S3Connection | None:
        """The bucket of uploads, if there is one."""
        return self.connections.uploads

    @property
    def image(self) -> str:
        """The image of page, migration and workers."""
        return self.context.image("label_studio")

    @property
    def volume(self) -> VolumePersistence | None:
        """The volume of uploads and exports; None where they are in the bucket."""
        persistence = self.settings.persistence
        return persistence if isinstance(persistence, VolumePersistence) else None

    @property
    def shares_node(self) -> bool:
        """Whether all pods must run on one node, since their volume can be attached to one only."""
        return self.volume is not None and self.volume.access_mode == "ReadWriteOnce"
