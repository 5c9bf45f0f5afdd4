"""How people reach the page of Label Studio: its address, its Service, its Ingress."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ..limits import UPLOAD
from ..settings.base import ListOf, SettingsModel
from ..settings.grammars.hosts import CertificateHost, DnsName, Network
from ..settings.grammars.kubernetes import Annotations, ObjectName
from ..settings.grammars.quantities import UploadSize


class Service(SettingsModel):
    """The Service ``<name>-ls-app``."""

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] | None = Field(
        None, description="LoadBalancer by default; ClusterIP by default behind an ingress."
    )
    node_port: int | None = Field(None, ge=30000, le=32767, description="Port of every node (type NodePort).")
    annotations: Annotations = Field({}, description="Annotations for the load balancer's controller.")
    load_balancer_source_ranges: ListOf[Network] = Field((), description="CIDRs that may use the load balancer.")

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
    hosts: ListOf[CertificateHost] = Field(
        (), description="Hosts of the certificate; the ingress's host when not given."
    )


class Ingress(SettingsModel):
    """An Ingress in front of the Service; it always speaks TLS."""

    enabled: bool = Field(True, description="False takes the ingress away without losing its settings.")
    host: DnsName = Field(description="DNS name of the page, such as label-studio.example.com.")
    tls: ListOf[IngressTls] = Field(min_length=1, description="Certificates; one of them must cover the host.")
    class_name: ObjectName | None = Field(None, description="Ingress class; the cluster's default when not given.")
    annotations: Annotations = Field({}, description="Annotations for the ingress controller.")
    max_body_size: UploadSize = Field(
        UPLOAD,
        description=f"Largest upload that ingress-nginx lets through; {UPLOAD} at most, as nginx in the pod takes no "
        "more.",
    )

    @model_validator(mode="after")
    def _certificate_covers_host(self) -> Self:
        if not any(not tls.hosts or self._covered_by(tls) for tls in self.tls):
            raise ValueError("tls must name a certificate for host: add it to tls[].hosts, or leave hosts out")
        return self

    def _covered_by(self, tls: IngressTls) -> bool:
        return self.host in tls.hosts or f"*.{self.host.partition('.')[2]}" in tls.hosts
