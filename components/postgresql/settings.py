"""The config key ``postgresql``: which server keeps the data of Label Studio."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ..settings.base import InputOf, InputText, Resources, Scheduling, SecretReference, SettingsModel, Storage
from ..settings.grammars.hosts import Addresses, HostName, Port
from ..settings.grammars.kubernetes import Annotations, KubernetesName, LabelKey
from ..settings.grammars.postgresql import (
    DatabaseName,
    MaintenanceDatabase,
    OwnerName,
    RoleName,
    SecretNameTemplate,
    Team,
)
from ..settings.grammars.quantities import MEBIBYTE, VolumeSize, parse_quantity
from ..settings.located import refuse_entries
from ..settings.network import ADDRESSES
from ..settings.services import ServerCertificate
from .backup_settings import CnpgBackup, CnpgRestore
from .parameters import ParameterName, ParameterText, parameter_bytes, parameter_problems

# A server has more than its buffers: connections, sorts, and what the kernel keeps of files.
MEMORY_OF_BUFFERS = 2
# The newest of the enum in the CRD of Zalando's operator 1.15.1.
NEWEST_ZALANDO = 17


def _version(value: int) -> int:
    if value < 13:
        raise ValueError("must be 13 or higher: Label Studio needs extensions that owners may install since 13")
    return value


# What an upgrade of Label Studio, whose migrations do not run backwards, wants to know of the backup before it.
MadeBackup = Literal["stack", "mine"]
OthersBackup = Literal["mine"] | None
BY_WHOM = "Who makes the backup that an upgrade of Label Studio waits for"
MINE = f"{BY_WHOM}: mine says that you do. Without it, an upgrade that migrates the database is refused."
MajorVersion = Annotated[int, AfterValidator(_version)]
Parameters = dict[ParameterName, ParameterText]


class _Database(SettingsModel):
    database: DatabaseName = Field("labelstudio", description="Database of Label Studio; made when it does not exist.")
    user: OwnerName = Field("labelstudio", description="Role that owns the database and that Label Studio works as.")


class _Server(_Database):
    version: MajorVersion = Field(
        17, description="Major version of the server, 13 or higher; the image's tag has to agree with it."
    )
    storage: Storage = Field(Storage(size="10Gi"), description="Volume of the data.")
    resources: Resources = Field(
        Resources(cpu_request="250m", cpu_limit="2", memory="1Gi"), description="Requests and limits of one server."
    )
    parameters: Parameters = Field({}, description="PostgreSQL parameters such as max_connections.")
    scheduling: Scheduling = Field(Scheduling(), description="Nodes that servers may run on.")

    @model_validator(mode="after")
    def _parameters_work(self) -> Self:
        if isinstance(self, StandalonePostgres | CnpgPostgres | ZalandoPostgres):
            refuse_entries("parameters", parameter_problems(self.parameters, self.version, self.backend))
        return self

    @model_validator(mode="after")
    def _memory_holds_the_buffers(self) -> Self:
        buffers = parameter_bytes("shared_buffers", self.parameters.get("shared_buffers", "128MB"), self.version)
        if parse_quantity(self.resources.memory) < buffers * MEMORY_OF_BUFFERS:
            needed = f"{math.ceil(buffers * MEMORY_OF_BUFFERS / MEBIBYTE)}Mi"
            raise ValueError(f"resources.memory must be at least {needed}, twice shared_buffers (128MB by default)")
        return self


class Dumps(Storage):
    """The volume of the dumps that upgrades of Label Studio wait for."""

    size: VolumeSize = Field("5Gi", description="Size of the volume; a dump is smaller than its database.")
    keep: int = Field(3, ge=1, le=100, description="Dumps that are kept; the volume holds one more for a moment.")


class StandalonePostgres(_Server):
    """One server in a StatefulSet: small, without failover."""

    backend: Literal["standalone"]
    upgrade_backup: MadeBackup = Field(
        "stack", description=f"{BY_WHOM}: the stack, a dump of the database; or mine, and it does not wait."
    )
    dumps: Dumps = Field(Dumps(), description="Volume of these dumps.")
    tls: ServerCertificate | None = Field(
        None, description="Certificate of the server, for its Service's name; without one it speaks plain text."
    )


class CnpgAffinity(SettingsModel):
    """How instances keep away from each other."""

    pod_anti_affinity_type: Literal["preferred", "required"] = Field(
        "preferred", description="Whether two instances may share a topology domain when there is no other place."
    )
    topology_key: LabelKey = Field("kubernetes.io/hostname", description="Node label that tells the domains apart.")


ONE_WRITER = (
    "backup would write into the archive that restore reads, and an archive has one writer; "
    "write a serverName of its own in backup, such as label-studio-postgresql-2"
)


class CnpgPostgres(_Server):
    """A CloudNativePG cluster: streaming replication, failover, backups. TLS is always on, by the operator's CA."""

    backend: Literal["cnpg"]
    instances: int = Field(3, ge=1, le=9, description="Servers: one primary and its replicas.")
    wal_storage: Storage | None = Field(None, description="Volume of its own for the write-ahead log.")
    affinity: CnpgAffinity = Field(CnpgAffinity(), description="How instances spread over nodes or zones.")
    synchronous_replicas: int = Field(
        0, ge=0, le=8, description="Replicas that confirm each commit; 0 replicates asynchronously."
    )
    backup: CnpgBackup | None = Field(None, description="Backups; without it nothing but the volumes holds the data.")
    upgrade_backup: MadeBackup = Field(
        "stack", description=f"{BY_WHOM}: the stack, a base backup, which needs backup; or mine, and it does not wait."
    )
    restore: CnpgRestore | None = Field(
        None,
        description="Begin with a backup instead of an empty database; ignored once the cluster is there.",
    )
    service_account_annotations: Annotations = Field(
        {}, description="Annotations of the servers' service account, such as the cloud role that may use the bucket."
    )
    pod_monitor: bool = Field(False, description="Make a PodMonitor for the Prometheus operator.")
    operator_namespace: KubernetesName = Field("cnpg-system", description="Namespace of the operator.")

    @model_validator(mode="after")
    def _replicas_exist(self) -> Self:
        if self.synchronous_replicas >= self.instances:
            raise ValueError(
                f"synchronousReplicas must be smaller than instances ({self.instances}): the primary is not a replica"
            )
        return self

    @model_validator(mode="after")
    def _log_fits_its_volume(self) -> Self:
        for name in ("min_wal_size", "max_wal_size"):
            given = self.parameters.get(name)
            size = parameter_bytes(name, given, self.version) if given else 0
            if self.wal_storage and size >= parse_quantity(self.wal_storage.size):
                raise ValueError(f"walStorage.size must be larger than the parameter {name}, which would fill it")
        return self

    @model_validator(mode="after")
    def _archives_differ(self) -> Self:
        if self.backup and self.restore and self.backup.archive == self.restore.archive:
            raise ValueError(ONE_WRITER)
        return self


class ZalandoPostgres(_Server):
    """A cluster of the Zalando operator, or of the PostgreSQL operator of Alauda Data Services, which builds on it."""

    backend: Literal["zalando"]
    flavor: Literal["upstream", "alauda"] = Field(
        "upstream", description="alauda adds the fields that only the operator of Data Services knows."
    )
    team_id: Team = Field(
        "acid", description="Team of the cluster; its name begins with it, as the operator may demand."
    )
    instances: int = Field(2, ge=1, le=9, description="Servers: one primary and its replicas.")
    secret_name_template: SecretNameTemplate = Field(
        "{username}.{cluster}.credentials.{tprkind}.{tprgroup}",
        description="How the operator is configured to name the Secrets of roles.",
    )
    upgrade_backup: OthersBackup = Field(None, description=MINE)
    tls: ServerCertificate | None = Field(
        None, description="Certificate of the servers; without one the connection is encrypted but not verified."
    )
    operator_namespace: KubernetesName = Field("postgres-operator", description="Namespace of the operator.")

    @model_validator(mode="after")
    def _operator_knows_the_version(self) -> Self:
        if self.version > NEWEST_ZALANDO:
            raise ValueError(f"version must be at most {NEWEST_ZALANDO}, the newest that the operator's CRD takes")
        return self


class PostgresClientTls(SettingsModel):
    """How a server outside of the stack is verified."""

    mode: Literal["require", "verify-ca", "verify-full"] = Field(
        "verify-full", description="require encrypts only; verify-full also proves that it is the right server."
    )
    ca: SecretReference | None = Field(None, description="CA certificate that signed the server's one.")

    @model_validator(mode="after")
    def _verification_has_a_ca(self) -> Self:
        if self.mode != "require" and self.ca is None:
            raise ValueError(f"{self.mode} needs ca, the Secret with the CA certificate; or write mode: require")
        return self


class AdminCredentials(SettingsModel):
    """A role that may create roles and databases; only the set-up job works as it."""

    user: RoleName = Field(description="Name of the role, such as postgres.")
    password: SecretReference = Field(description="Key of a Secret that holds its password.")
    database: MaintenanceDatabase = Field(
        "postgres", description="Database to connect to before Label Studio's one exists."
    )


class ExternalPostgres(_Database):
    """A server outside of the stack; 13 or higher, which a job checks."""

    backend: Literal["external"]
    host: Annotated[InputText, InputOf(HostName)] = Field(description="Host name or IPv4 address.")
    port: Port = Field(5432, description="Port of the server.")
    addresses: Addresses | None = Field(None, description=ADDRESSES)
    password: SecretReference = Field(description="Key of a Secret that holds the password of user.")
    tls: PostgresClientTls | None = Field(
        description="How the server is verified; null, written out, for plain text over a network that you trust."
    )
    upgrade_backup: OthersBackup = Field(None, description=MINE)
    admin_credentials: AdminCredentials | None = Field(
        None, description="With them a job makes role, database and extensions; without them it only checks."
    )


PostgresSettings = Annotated[
    StandalonePostgres | CnpgPostgres | ZalandoPostgres | ExternalPostgres, Field(discriminator="backend")
]
