"""Services are reached from outside through TLS, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from policies.checks.releases import label_studio_release
from policies.checks.resources import Resource, manifests
from policies.checks.rule import Parameters, Rule
from policies.checks.values import UNKNOWN, at, items, mapping

OPEN_TYPES = ("LoadBalancer", "NodePort")
TLS_PORTS = (443, 8443)


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """LoadBalancers and NodePorts only where the balancer itself ends TLS, or the server does."""
    tls_annotations = parameters["tlsAnnotations"]
    if release := label_studio_release(resource):
        service = release.get("app", "service")
        kind = at(service, "type")
        path = release.path("app", "service", "type")
        if kind is None:
            yield f"{release.label}: {path} is missing, and the chart may choose LoadBalancer; write ClusterIP"
        elif kind not in ("ClusterIP", *OPEN_TYPES) or not _ends_tls(kind, at(service, "annotations"), tls_annotations):
            yield f"{release.label}: {path} opens the page without TLS; write ClusterIP and use an ingress"
    for manifest in manifests(resource):
        if manifest.kind == "Service" and manifest.group == "":
            spec = manifest.body.get("spec")
            if at(spec, "externalIPs"):
                yield f"{manifest.label}: spec.externalIPs open it without TLS; remove them"
            kind = at(spec, "type")
            if not (_ends_tls(kind, manifest.annotations, tls_annotations) or _speaks_tls(at(spec, "ports"))):
                yield f"{manifest.label}: spec.type opens it without TLS; write ClusterIP and use an ingress"


def _ends_tls(kind: Any, annotations: Any, tls_annotations: list[str]) -> bool:
    if kind == "LoadBalancer":
        return any(mapping(annotations).get(name) for name in tls_annotations)
    return kind not in OPEN_TYPES and kind is not UNKNOWN


def _speaks_tls(ports: Any) -> bool:
    return bool(items(ports)) and all(
        at(port, "port") in TLS_PORTS or str(at(port, "name")).startswith("https") for port in items(ports)
    )


RULE = Rule(
    name="service-exposure",
    title="Services are not opened without TLS",
    description="No Service of type LoadBalancer or NodePort carries plain text.",
    remediation="Write ClusterIP (labelStudio.service.type) and reach the page through an ingress with TLS.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "tlsAnnotations": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["service.beta.kubernetes.io/aws-load-balancer-ssl-cert"],
            "description": "Annotations with which a load balancer ends TLS itself.",
        }
    },
)
