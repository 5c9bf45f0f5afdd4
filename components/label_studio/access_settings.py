"""How people reach the page of Label Studio: its address, its Service, its Ingress."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ..settings.base import DnsName, ObjectName, SettingsModel

URL = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
# What nginx in Label Studio's image takes (its client_max_body_size), whatever lets through more before it.
MAXIMUM_UPLOAD = "200m"
UPLOAD_SIZE = re.compile(r"(\d+)([kmg]?)")
UPLOAD_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def _url(value: str) -> str:
    url = value.rstrip("/")
    if not URL.fullmatch(url):
        raise ValueError("must be scheme, host and port only, such as https://label-studio.example.com")
    return url


def _upload_size(value: str) -> str:
    if _bytes(value) > _bytes(MAXIMUM_UPLOAD):
        raise ValueError(f"must be at most {MAXIMUM_UPLOAD}, the limit of nginx in Label Studio's own image")
    return value


def _bytes(size: str) -> int:
    match = UPLOAD_SIZE.fullmatch(size)
    if not match:
        raise ValueError("must be a size as nginx writes it, such as 50m or 200m; 0 is for no limit of the ingress")
    return int(match[1]) * UPLOAD_UNITS[match[2]]


Url = Annotated[str, AfterValidator(_url)]


class Service(SettingsModel):
    """The Service ``<name>-ls-app``."""

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] | None = Field(
        None, description="LoadBalancer by default; ClusterIP by default behind an ingress."
    )
    node_port: int | None = Field(None, ge=30000, le=32767, description="Port of every node (type NodePort).")
    annotations: dict[str, str] = Field({}, description="Annotations for the load balancer's controller.")
    load_balancer_source_ranges: tuple[str, ...] = Field((), description="CIDRs that may use the load balancer.")

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.node_port is not None and self.type != "NodePort":
            raise ValueError("nodePort needs type: NodePort")
        if self.load_balancer_source_ranges and self.type in ("NodePort", "ClusterIP"):
            raise ValueError("loadBalancerSourceRanges needs type: LoadBalancer")
        return self


class IngressTls(SettingsModel):
    """The certificate that an ingress shows."""

    secret_name: ObjectName = Field(description="Secret of type kubernetes.io/tls with the certificate and its key.")
    hosts: tuple[DnsName, ...] = Field((), description="Hosts of the certificate; the ingress's host when not given.")


class Ingress(SettingsModel):
    """An Ingress in front of the Service; it always speaks TLS."""

    enabled: bool = Field(True, description="False takes the ingress away without losing its settings.")
    host: DnsName = Field(description="DNS name of the page, such as label-studio.example.com.")
    tls: tuple[IngressTls, ...] = Field(min_length=1, description="Certificates; one of them must cover the host.")
    class_name: ObjectName | None = Field(None, description="Ingress class; the cluster's default when not given.")
    annotations: dict[str, str] = Field({}, description="Annotations for the ingress controller.")
    max_body_size: Annotated[str, AfterValidator(_upload_size)] = Field(
        MAXIMUM_UPLOAD,
        description="Largest upload that ingress-nginx lets through; 200m at most, as nginx in the pod takes no more.",
    )

    @model_validator(mode="after")
    def _certificate_covers_host(self) -> Self:
        if not any(not tls.hosts or self._covered_by(tls) for tls in self.tls):
            raise ValueError(f"tls must name a certificate for the host {self.host}")
        return self

    def _covered_by(self, tls: IngressTls) -> bool:
        return self.host in tls.hosts
