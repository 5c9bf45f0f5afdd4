"""The config key ``objectStore``: where uploads and the data of projects lie."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ..settings.base import InputOf, InputText, ListOf, Resources, Scheduling, SecretReference, SettingsModel, Storage
from ..settings.grammars.hosts import Addresses, HttpUrl
from ..settings.grammars.kubernetes import KubernetesName
from ..settings.grammars.s3 import BucketName, Region, check_region
from ..settings.network import ADDRESSES
from ..settings.services import S3Key, ServerCertificate

MINIMUM_VOLUMES = {2: 4, 3: 6}
ERASURE_SET_SIZES = range(4, 17)
MAXIMUM_VOLUMES_PER_SERVER = 64


def _pool_name(value: str) -> str:
    if len(value) > 20:
        raise ValueError("must be at most 20 characters: it becomes part of pod names")
    return value


class Pool(SettingsModel):
    """Servers of a MinIO tenant that erasure-code their objects together; a tenant grows by further pools."""

    name: Annotated[KubernetesName, AfterValidator(_pool_name)] = Field(description="Name of the pool, such as pool-0.")
    servers: int = Field(ge=1, le=64, description="Servers of the pool; can never change.")
    volumes_per_server: int = Field(
        ge=1, le=MAXIMUM_VOLUMES_PER_SERVER, description="Volumes of each server; can never change."
    )
    storage: Storage = Field(Storage(size="20Gi"), description="One volume; its size times their number is raw space.")
    resources: Resources = Field(
        Resources(cpu_request="500m", cpu_limit="2", memory="2Gi"), description="Requests and limits of one server."
    )
    scheduling: Scheduling = Field(Scheduling(), description="Nodes that servers may run on.")

    @model_validator(mode="after")
    def _enough_volumes(self) -> Self:
        volumes = self.servers * self.volumes_per_server
        minimum = MINIMUM_VOLUMES.get(self.servers, self.servers)
        if volumes < minimum:
            per_server = -(-minimum // self.servers)
            raise ValueError(
                f"{self.servers} servers with {self.volumes_per_server} volume(s) each make {volumes} volumes, but "
                f"MinIO needs at least {minimum}: write volumesPerServer: {per_server} or more"
            )
        if self.servers == 1 and self.volumes_per_server in {2, 3}:
            raise ValueError("one server needs volumesPerServer 1 (no redundancy) or at least 4 (erasure coding)")
        if volumes > 1 and not any(volumes % size == 0 for size in ERASURE_SET_SIZES):
            raise ValueError(
                f"{volumes} volumes cannot be divided into erasure sets of equal size, 4 to 16 volumes each: "
                "change servers or volumesPerServer"
            )
        return self


class _InCluster(SettingsModel):
    bucket: BucketName = Field("label-studio", description="Bucket of uploads; projects may name further ones.")
    region: Region = Field("us-east-1", description="Region that clients sign requests for; MinIO takes any.")


class TenantStore(_InCluster):
    """A tenant of the MinIO Operator: several servers, erasure coding. One tenant fits in a namespace."""

    backend: Literal["tenant"]
    pools: ListOf[Pool] = Field(
        (Pool(name="pool-0", servers=4, volumes_per_server=1),), min_length=1, description="Pools of servers."
    )
    versioning: bool = Field(
        True, description="Keep former versions of objects: deletions can be undone, snapshots repeated."
    )
    tls: ServerCertificate | None = Field(
        None, description="Certificate of the servers; without one the operator has it signed by the cluster's CA."
    )
    operator_namespace: KubernetesName = Field("minio-operator", description="Namespace of the operator.")

    @model_validator(mode="after")
    def _pools_fit_together(self) -> Self:
        names = [pool.name for pool in self.pools]
        if len(set(names)) < len(names):
            raise ValueError("pools has a name twice; give each pool its own")
        if len(self.pools) > 1 and any(pool.servers * pool.volumes_per_server < 4 for pool in self.pools):
            raise ValueError("each of several pools needs at least 4 volumes: a tenant of one volume cannot grow")
        return self


class StandaloneStore(_InCluster):
    """One MinIO server with one volume in a StatefulSet."""

    backend: Literal["standalone"]
    storage: Storage = Field(Storage(size="20Gi"), description="Volume of the objects.")
    resources: Resources = Field(
        Resources(cpu_request="100m", cpu_limit="1", memory="1Gi"), description="Requests and limits of the server."
    )
    versioning: bool = Field(
        False, description="Keep former versions of objects: deletions can be undone, snapshots repeated."
    )
    tls: ServerCertificate | None = Field(
        None, description="Certificate of the server, for its Service's name; without one it speaks plain http."
    )
    scheduling: Scheduling = Field(Scheduling(), description="Nodes that the server may run on.")


class S3Credentials(S3Key):
    """An existing key for Label Studio."""

    session_token: SecretReference | None = Field(
        None, description="Key of a Secret that holds the session token of temporary credentials."
    )


class ExternalStore(SettingsModel):
    """Amazon S3, Ceph RGW or any other S3 server; buckets and keys exist already."""

    backend: Literal["external"]
    bucket: Annotated[InputText, InputOf(BucketName)] = Field(
        description="Bucket of uploads; projects may name further ones."
    )
    region: Region = Field(description="Region of the buckets; us-east-1 where the server knows none.")
    endpoint: Annotated[InputText, InputOf(HttpUrl)] | None = Field(
        None, description="URL of the S3 server; Amazon S3 when not given."
    )
    addresses: Addresses | None = Field(None, description=ADDRESSES)
    credentials: S3Credentials | None = Field(
        None, description="Key for everything; without one the pods' own cloud identity is used."
    )
    grant_credentials: dict[KubernetesName, S3Credentials] = Field(
        {}, description="Keys of their own for some purposes, by the name of the purpose, such as uploads."
    )
    ca: SecretReference | None = Field(None, description="CA certificate of the S3 server, when not public.")
    check: bool = Field(True, description="Have a job list each bucket with its key before Label Studio starts.")

    @model_validator(mode="after")
    def _amazon_needs_no_extras(self) -> Self:
        check_region(self.region, self.endpoint)
        if self.endpoint is None and self.ca is not None:
            raise ValueError("ca is for an endpoint of your own: write endpoint, or remove ca for Amazon S3")
        if isinstance(self.endpoint, str) and self.endpoint.startswith("http://") and self.ca is not None:
            raise ValueError("ca needs an https:// endpoint: over http nothing is verified")
        return self


ObjectStoreSettings = Annotated[TenantStore | StandaloneStore | ExternalStore, Field(discriminator="backend")]
