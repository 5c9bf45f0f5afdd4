"""What each object store backend is told, and who may use which bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from ..connections import Peer, SecretKey
from ..kubernetes.backing_service import ServiceArgs, VolumeClaim
from ..kubernetes.operated import OperatedArgs
from ..kubernetes.pods import ResourceRequirements

Action = Literal["list", "read", "write", "delete"]


@dataclass(frozen=True, kw_only=True)
class BucketGrant:
    """What one low-privilege key may do below ``prefix``, which is empty or ends with a slash.

    ``name`` is a Kubernetes label and the key of ``ObjectStore.connections``.
    """

    name: str
    bucket: str
    prefix: str = ""
    actions: Sequence[Action] = ("list", "read")


@dataclass(frozen=True, kw_only=True)
class StoreArgs(ServiceArgs):
    """``client_image`` has mc and a shell, for the jobs that make buckets and keys."""

    client_image: pulumi.Input[str]
    grants: Sequence[BucketGrant] = ()
    region: str = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class MinioArgs(StoreArgs):
    """A store that this program runs; ``tls_secret`` has the keys tls.crt, tls.key and ca.crt."""

    image: pulumi.Input[str]
    versioning: bool = False
    tls_secret: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class StandaloneArgs(MinioArgs):
    """One server with one volume; it speaks plain http without ``tls_secret``."""

    storage: VolumeClaim
    resources: ResourceRequirements


@dataclass(frozen=True, kw_only=True)
class PoolArgs:
    """Servers of a tenant that erasure-code together; ``storage`` is one of its volumes."""

    name: str
    servers: int
    volumes_per_server: int
    storage: VolumeClaim
    resources: ResourceRequirements
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class TenantArgs(MinioArgs, OperatedArgs):
    """A tenant of the MinIO Operator, which has its certificate signed by the cluster without ``tls_secret``."""

    pools: Sequence[PoolArgs]
    operator_namespace: str = "minio-operator"


@dataclass(frozen=True, kw_only=True)
class S3Key:
    """References to a key that somebody else made."""

    access_key_id: SecretKey
    secret_access_key: SecretKey
    session_token: SecretKey | None = None


@dataclass(frozen=True, kw_only=True)
class ExternalArgs(StoreArgs):
    """A store that somebody else runs; a grant without a key of its own uses ``key``, or the pods' identity.

    ``peer`` says to network policies where it is.
    """

    endpoint: str | None = None
    ca: SecretKey | None = None
    key: S3Key | None = None
    grant_keys: Mapping[str, S3Key] = field(default_factory=dict)
    check: bool = True
    peer: Peer | None = None


ObjectStoreArgs = StandaloneArgs | TenantArgs | ExternalArgs
