"""What each Redis backend is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from ..connections import Peer, RedisTls, SecretKey
from ..kubernetes.backing_service import ServiceArgs, VolumeClaim
from ..kubernetes.operated import OperatedArgs
from ..kubernetes.pods import ResourceRequirements


@dataclass(frozen=True, kw_only=True)
class ServerArgs(ServiceArgs):
    """A server that this program runs; ``max_memory`` is in bytes and leaves room below the memory limit."""

    storage: VolumeClaim
    resources: ResourceRequirements
    max_memory: int
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StandaloneArgs(ServerArgs):
    """One Valkey server in a StatefulSet; ``tls_secret`` (tls.crt, tls.key, ca.crt) turns TLS on."""

    image: pulumi.Input[str]
    tls_secret: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class AlaudaArgs(ServerArgs, OperatedArgs):
    """A Redis resource of Alauda Data Services with the architecture standalone."""

    version: str = "7.2"
    tls: bool = False
    operator_namespace: str = "operators"


@dataclass(frozen=True, kw_only=True)
class ExternalArgs:
    """A standalone server that somebody else runs; ``peer`` says where to network policies."""

    host: pulumi.Input[str]
    port: int = 6379
    database: int = 0
    user: str | None = None
    password: SecretKey | None = None
    tls: RedisTls | None = None
    peer: Peer | None = None


@dataclass(frozen=True, kw_only=True)
class NoneArgs:
    """No Redis at all: Label Studio runs its jobs within requests of the page."""


RedisArgs = StandaloneArgs | AlaudaArgs | ExternalArgs | NoneArgs
