"""What the component ``LabelStudio`` is told; plain values and Inputs, no settings models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from ..connections import PostgresConnection, RedisConnection, S3Connection, SecretKey
from ..kubernetes.backing_service import ServiceArgs, VolumeClaim
from ..kubernetes.pods import ResourceRequirements

Flavour = Literal["embedded", "upstream", "alauda"]
Outbound = Literal["none", "internet", "everywhere"]


@dataclass(frozen=True)
class Chart:
    """``source`` is a repository (https://), an OCI reference (oci://) or an archive; None for the embedded chart."""

    flavour: Flavour = "embedded"
    source: str | None = None
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Volume(VolumeClaim):
    """The volume of uploads and exports."""

    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteOnce"


@dataclass(frozen=True)
class Service:
    """How the Service ``<name>-ls-app`` is reached; only the embedded chart knows the last two."""

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    annotations: Mapping[str, str] = field(default_factory=dict)
    node_port: int | None = None
    load_balancer_source_ranges: Sequence[str] = ()


@dataclass(frozen=True)
class Certificate:
    """A Secret of type ``kubernetes.io/tls`` and the hosts it is for."""

    secret_name: pulumi.Input[str]
    hosts: Sequence[str]


@dataclass(frozen=True)
class Ingress:
    """An Ingress that ends TLS; ``max_body_size`` is in the notation of ingress-nginx."""

    host: str
    tls: Sequence[Certificate]
    class_name: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    max_body_size: str = "200m"


@dataclass(frozen=True)
class Administrator:
    """The first user; a password is generated where no Secret is named."""

    email: str
    password: SecretKey | None = None


@dataclass(frozen=True)
class Autoscaling:
    """Bounds of the number of pods, and the CPU use in percent of the requests to keep."""

    min_replicas: int
    max_replicas: int
    target_cpu: int


@dataclass(frozen=True)
class Worker:
    """The queue workers, which run only with a Redis."""

    replicas: int
    resources: ResourceRequirements


@dataclass(frozen=True)
class Security:
    """What Label Studio refuses."""

    ssrf_protection: bool = True
    block_local_ml_backends: bool = False
    clean_svg: bool = True
    local_files: bool = False
    cors_allowed_origins: Sequence[str] = ()


@dataclass(frozen=True)
class Sizes:
    """Resources of the containers, as Kubernetes takes them."""

    app: ResourceRequirements
    nginx: ResourceRequirements
    migration: ResourceRequirements


@dataclass(frozen=True, kw_only=True)
class LabelStudioArgs(ServiceArgs):
    """Uploads live on ``volume``, or where there is none in the bucket of ``s3``; one of them is needed.

    ``storage_endpoints`` are the URLs of further S3 servers, which storages of projects are on.
    ``image`` is a full reference with a tag. ``url`` is None where only the cluster knows the page's address.
    Durations are in seconds. ``ingress_namespace`` is the only other namespace that may reach the page; any
    may where it is None.
    """

    image: str
    administrator: Administrator
    sizes: Sizes
    worker: Worker
    uwsgi_processes: int
    postgresql: PostgresConnection
    redis: RedisConnection | None = None
    s3: S3Connection | None = None
    storage_endpoints: Sequence[pulumi.Input[str]] = ()
    volume: Volume | None = None
    url: str | None = None
    chart: Chart = Chart()
    replicas: int = 1
    autoscaling: Autoscaling | None = None
    service: Service = Service()
    ingress: Ingress | None = None
    signup_enabled: bool = False
    legacy_api_tokens: bool = False
    security: Security = Security()
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)
    run_as_user: int | None = 1001
    pod_disruption_budget: bool = True
    ingress_namespace: str | None = None
    outbound: Outbound = "internet"
    upload_url_expiration: int = 86400
    startup_timeout: int = 300
    termination_grace_period: int = 135
    release_timeout: int = 900

    def __post_init__(self) -> None:
        if self.volume is None and self.s3 is None:
            raise ValueError("Label Studio needs a volume or an S3 bucket for its uploads")

    @property
    def maximum_replicas(self) -> int:
        """The most pods that may run at once."""
        return self.autoscaling.max_replicas if self.autoscaling else self.replicas

    @property
    def shares_node(self) -> bool:
        """Whether all pods must run on one node, since their volume can be attached to one only."""
        return self.volume is not None and self.volume.access_mode == "ReadWriteOnce"
