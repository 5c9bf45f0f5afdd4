"""What each PostgreSQL backend is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from ..connections import Peer, PostgresTls, SecretKey
from ..kubernetes.backing_service import ServiceArgs, VolumeClaim
from ..kubernetes.operated import OperatedArgs
from ..kubernetes.pods import ResourceRequirements


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs(ServiceArgs):
    """The database and the role that owns it; ``client_image`` has psql, for jobs that make or check both."""

    client_image: pulumi.Input[str]
    database: str = "labelstudio"
    user: str = "labelstudio"


@dataclass(frozen=True, kw_only=True)
class ServerArgs(DatabaseArgs):
    """A server that this program runs; ``version`` is the major version of the image."""

    version: int
    storage: VolumeClaim
    resources: ResourceRequirements
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StandaloneArgs(ServerArgs):
    """One server in a StatefulSet; ``tls_secret`` (tls.crt, tls.key, ca.crt) turns TLS on."""

    image: pulumi.Input[str]
    tls_secret: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class ArchiveArgs:
    """Where the barman-cloud plugin of CloudNativePG keeps base backups and write-ahead logs.

    ``server_name`` is the folder of one cluster; that cluster's own name when not given. Without keys the pods' cloud
    identity is used. ``peer`` says to network policies where the S3 server is.
    """

    destination_path: str
    server_name: str | None = None
    endpoint: str | None = None
    endpoint_ca: SecretKey | None = None
    access_key_id: SecretKey | None = None
    secret_access_key: SecretKey | None = None
    peer: Peer | None = None


@dataclass(frozen=True, kw_only=True)
class BackupArgs(ArchiveArgs):
    """What is written there, and when: ``schedule`` has six cron fields, seconds first."""

    schedule: str
    retention: str
    compression: Literal["gzip", "bzip2", "snappy"] | None = "gzip"


@dataclass(frozen=True, kw_only=True)
class RestoreArgs(ArchiveArgs):
    """The backup that a new cluster begins with, up to ``target_time`` (RFC 3339) or to the end of the archive."""

    target_time: str | None = None


@dataclass(frozen=True, kw_only=True)
class CnpgArgs(ServerArgs, OperatedArgs):
    """A CloudNativePG cluster; ``image`` has the major version at the beginning of its tag."""

    image: pulumi.Input[str]
    instances: int = 3
    synchronous_replicas: int = 0
    wal_storage: VolumeClaim | None = None
    anti_affinity: Literal["preferred", "required"] = "preferred"
    topology_key: str = "kubernetes.io/hostname"
    backup: BackupArgs | None = None
    restore: RestoreArgs | None = None
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    pod_monitor: bool = False
    operator_namespace: str = "cnpg-system"


@dataclass(frozen=True, kw_only=True)
class ZalandoArgs(ServerArgs, OperatedArgs):
    """A cluster of the Zalando operator or of the one of Alauda Data Services (``flavor``)."""

    secret_name_template: str
    flavor: Literal["upstream", "alauda"] = "upstream"
    team: str = "acid"
    instances: int = 2
    tls_secret: pulumi.Input[str] | None = None
    operator_namespace: str = "postgres-operator"


@dataclass(frozen=True, kw_only=True)
class AdminArgs:
    """A role that may create roles and databases; nothing but the set-up job works as it."""

    user: str
    password: SecretKey
    database: str = "postgres"


@dataclass(frozen=True, kw_only=True)
class ExternalArgs(DatabaseArgs):
    """A server that somebody else runs; without ``admin`` the job only checks what it finds.

    ``peer`` says to network policies where it is.
    ``connections`` are what Label Studio opens at most, which the job compares with what the server allows.
    """

    host: pulumi.Input[str]
    password: SecretKey
    port: int = 5432
    tls: PostgresTls | None = None
    admin: AdminArgs | None = None
    peer: Peer | None = None
    connections: int = 0


PostgreSQLArgs = StandaloneArgs | CnpgArgs | ZalandoArgs | ExternalArgs
