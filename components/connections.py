"""What a backing service promises to the outside: one connection, whatever its backend.

A connection carries addresses and *references* to Secrets, never a secret value, so it can pass
through chart values, ConfigMaps and stack outputs without leaking anything. ``peer`` is needed wherever network
policies are: it is what they open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

PostgresTlsMode = Literal["require", "verify-ca", "verify-full"]
RedisCertificateRequirement = Literal["", "optional", "required"]


@dataclass(frozen=True)
class SecretKey:
    """One key of a Kubernetes Secret in the namespace of the stack."""

    name: pulumi.Input[str]
    key: str


@dataclass(frozen=True)
class ServerPods:
    """Servers in the namespace of the stack, by the labels and the port of their pods, not of their Service."""

    labels: Mapping[str, str]
    port: int


@dataclass(frozen=True)
class OtherNamespace:
    """Servers in another namespace, whose Service may lead to any port of any of its pods."""

    name: str


@dataclass(frozen=True)
class Outside:
    """Servers outside of the cluster: networks such as ``10.0.0.0/24``, ``internet`` (public addresses) or ``any``."""

    addresses: Sequence[pulumi.Input[str]]
    port: pulumi.Input[int]


Peer = ServerPods | OtherNamespace | Outside
"""Where a service is, as network policies can name it; they know no host names."""


def each_once(peers: Iterable[Peer | None]) -> list[Peer | None]:
    """The same in their order, without repetitions; what is in them may have no hash."""
    found = [*peers]
    return [peer for number, peer in enumerate(found) if peer not in found[:number]]


@dataclass(frozen=True)
class PostgresTls:
    """How libpq verifies the server (``sslmode``) and the files it needs for it.

    ``ca`` is None only for ``require``, which encrypts without verifying the server.
    """

    mode: PostgresTlsMode
    ca: SecretKey | None = None


@dataclass(frozen=True)
class PostgresConnection:
    """A database that exists, with ``pg_trgm`` and ``btree_gin`` installed (Label Studio needs both).

    ``owner`` is the role that owns everything in it, if that is not ``user`` itself but one that it becomes.
    """

    host: pulumi.Input[str]
    port: int
    database: str
    user: str
    password: SecretKey
    tls: PostgresTls | None = None
    peer: Peer | None = None
    owner: str | None = None


@dataclass(frozen=True)
class RedisTls:
    """Key names within one Secret, as ``global.redisConfig.ssl`` of the chart documents them.

    An empty key means that there is no such file.
    """

    secret_name: pulumi.Input[str]
    certificate_requirement: RedisCertificateRequirement = "required"
    ca_key: str = "ca.crt"
    certificate_key: str = ""
    private_key_key: str = ""


@dataclass(frozen=True)
class RedisConnection:
    """A standalone Redis or Valkey server: Label Studio supports no other architecture."""

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    database: pulumi.Input[int]
    password: SecretKey | None = None
    user: pulumi.Input[str | None] = None
    tls: RedisTls | None = None
    peer: Peer | None = None


@dataclass(frozen=True)
class S3Connection:
    """One bucket (and prefix) with the low-privilege key that may use it.

    ``endpoint`` is a URL with its scheme and a fully qualified host name; None means Amazon S3.
    ``access_key_id`` and ``secret_access_key`` are None together, where the pod's own cloud
    identity (IRSA or similar) grants access. ``prefix`` is empty or ends with a slash.
    """

    bucket: pulumi.Input[str]
    region: str
    endpoint: pulumi.Input[str] | None = None
    prefix: str = ""
    access_key_id: SecretKey | None = None
    secret_access_key: SecretKey | None = None
    session_token: SecretKey | None = None
    ca: SecretKey | None = None
    peer: Peer | None = None
