"""Services are reached from outside through TLS, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.releases import label_studio_release
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at, items, mapping

INSIDE = ("ClusterIP", "ExternalName")
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
TLS_PORTS = (443, 8443, "443", "8443")
ARN = re.compile(r"arn:aws[\w-]*:(acm|iam):.+")
OFF = ("none", "", "false", "0", "off", "no", "disabled")
# Which protocols a load balancer speaks to the servers behind it, once it has ended TLS.
BACKENDS = ("http", "https", "tcp", "ssl", "tls")


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """LoadBalancers and NodePorts only where the balancer ends TLS on every port, or the server does."""
    if release := label_studio_release(resource):
        service = release.get("app", "service")
        kind = at(service, "type")
        path = release.path("app", "service", "type")
        if kind is None:
            yield f"{release.label}: {path} is missing, and the chart may choose LoadBalancer; write ClusterIP"
        elif kind not in INSIDE and not _balanced(kind, at(service, "annotations"), [{"port": 80}], parameters):
            yield f"{release.label}: {path} opens the page without TLS; write ClusterIP and use an ingress"
    for manifest in manifests(resource):
        if manifest.kind == "Service" and manifest.group == "":
            yield from (f"{manifest.label}: {problem}" for problem in _problems(manifest, parameters))


def _problems(manifest: Manifest, parameters: Parameters) -> Iterator[str]:
    spec = manifest.body.get("spec")
    if at(spec, "externalIPs"):
        yield "spec.externalIPs open it without TLS; remove them"
    kind = at(spec, "type")
    ports = items(at(spec, "ports"))
    if kind in (None, *INSIDE):
        return
    if not (_balanced(kind, manifest.annotations, ports, parameters) or _speaks_tls(manifest, parameters)):
        yield (
            "spec.type opens it without TLS; write ClusterIP and use an ingress, or list it in the parameter "
            "tlsServices where the server itself speaks TLS on every port"
        )


def _balanced(kind: Any, annotations: Any, ports: list[Any], parameters: Parameters) -> bool:
    """Whether the load balancer ends TLS on each of its ports, by the annotations of its cloud."""
    given = mapping(annotations)
    if kind != "LoadBalancer" or kind is UNKNOWN:
        return False
    certificate = given.get(f"{AWS}ssl-cert")
    if isinstance(certificate, str) and ARN.fullmatch(certificate):
        return _aws_covers(given, ports)
    # Other clouds have annotations of their own, which the site names.
    return any(str(given.get(name)).lower() not in OFF for name in parameters["tlsAnnotations"])


def _aws_covers(annotations: Mapping[str, Any], ports: list[Any]) -> bool:
    """Without ``ssl-ports`` every port has TLS; names and numbers of ports count alike."""
    protocol = annotations.get(f"{AWS}backend-protocol")
    if protocol is not None and protocol not in BACKENDS:
        return False
    listed = annotations.get(f"{AWS}ssl-ports", "*")
    covered = {part.strip() for part in str(listed).split(",")}
    return "*" in covered or (
        bool(ports) and all({str(at(port, "port")), str(at(port, "name"))} & covered for port in ports)
    )


def _speaks_tls(manifest: Manifest, parameters: Parameters) -> bool:
    if str(at(manifest.body, "metadata", "name")) in parameters["tlsServices"]:
        return True
    ports = items(at(manifest.body, "spec", "ports"))
    return bool(ports) and all(_is_tls_port(port) for port in ports)


def _is_tls_port(port: Any) -> bool:
    """A port of https that leads to one of https: what it is called outside says nothing of what answers."""
    named = at(port, "port") in TLS_PORTS or str(at(port, "name")).startswith("https")
    target = at(port, "targetPort")
    return named and (target in (None, "", *TLS_PORTS) or str(target).startswith("https"))


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
            "default": [],
            "description": "Annotations with which a load balancer that is not Amazon's ends TLS on every port.",
        },
        "tlsServices": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Services whose servers speak TLS on every port.",
        },
    },
)
