"""The Gateway API's way in speaks TLS as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.checks.hosts import host_problem
from policies.checks.resources import Manifest, Resource, manifests
from policies.checks.rule import Parameters, Rule
from policies.checks.values import UNKNOWN, at, is_given, items, mapping

GROUP = "gateway.networking.k8s.io"
LISTENERS = {"Gateway", "ListenerSet", "XListenerSet"}
ROUTES = {"HTTPRoute", "GRPCRoute"}
PLAIN_ROUTES = {"TCPRoute", "UDPRoute"}


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Listeners have certificates; routes attach to listeners that are known to have them."""
    for manifest in manifests(resource):
        if manifest.group in (GROUP, "gateway.networking.x-k8s.io"):
            yield from (f"{manifest.label}: {problem}" for problem in _problems(manifest, parameters))


def _problems(manifest: Manifest, parameters: Parameters) -> Iterator[str]:
    spec = mapping(manifest.body.get("spec"))
    if manifest.kind in LISTENERS:
        if not items(spec.get("listeners")):
            yield "spec.listeners cannot be read; write them as a plain list"
        for index, listener in enumerate(items(spec.get("listeners"))):
            yield from (f"spec.listeners[{index}] {problem}" for problem in _listener_problems(listener))
    if manifest.kind in ROUTES and not _only_redirects(spec):
        yield from _route_problems(spec, parameters["tlsListeners"])
    if manifest.kind in PLAIN_ROUTES:
        yield "it carries traffic as it is; use an HTTPRoute on a listener with a certificate"


def _listener_problems(listener: Any) -> Iterator[str]:
    protocol = at(listener, "protocol")
    if protocol not in ("HTTPS", "TLS"):
        yield "is not of protocol HTTPS or TLS; write HTTPS with a certificate"
        return
    mode = at(listener, "tls", "mode")
    if mode not in (None, "Terminate", "Passthrough") or (mode == "Passthrough" and protocol == "HTTPS"):
        yield "has no tls.mode that ends TLS; write Terminate"
    references = items(at(listener, "tls", "certificateRefs"))
    if mode != "Passthrough" and not any(is_given(at(reference, "name")) for reference in references):
        yield "has no certificate; name its Secret in tls.certificateRefs"
    hostname = at(listener, "hostname")
    if hostname is not None and (problem := host_problem(hostname)):
        yield f"hostname {problem}"


def _route_problems(spec: Mapping[str, Any], tls_listeners: list[str]) -> Iterator[str]:
    hostnames = spec.get("hostnames")
    if hostnames is not UNKNOWN and not items(hostnames):
        yield "spec.hostnames is missing, so it answers for every host; write the page's DNS name"
    for index, hostname in enumerate(items(hostnames)):
        if problem := host_problem(hostname):
            yield f"spec.hostnames[{index}] {problem}"
    parents = items(spec.get("parentRefs"))
    if not parents:
        yield "spec.parentRefs is missing; name the Gateway and its listener with a certificate"
    for index, parent in enumerate(parents):
        if at(parent, "sectionName") not in tls_listeners and at(parent, "port") != 443:
            yield (
                f"spec.parentRefs[{index}] attaches to listeners of plain http too; write sectionName: "
                f"{tls_listeners[0]} (parameter tlsListeners) or port: 443"
            )


def _only_redirects(spec: Mapping[str, Any]) -> bool:
    rules = items(spec.get("rules"))
    return bool(rules) and all(not at(rule, "backendRefs") and _redirects(rule) for rule in rules)


def _redirects(rule: Any) -> bool:
    return any(
        at(entry, "type") == "RequestRedirect" and at(entry, "requestRedirect", "scheme") == "https"
        for entry in items(at(rule, "filters"))
    )


RULE = Rule(
    name="gateway-tls",
    title="Gateways speak TLS",
    description="Listeners of the Gateway API have certificates, and routes attach to such listeners only.",
    remediation="Use listeners of protocol HTTPS with tls.certificateRefs, and name one in each route's parentRefs.",
    severity=Severity.CRITICAL,
    check=check,
    parameters={
        "tlsListeners": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "default": ["https", "websecure"],
            "description": "Names of listeners that are known to have a certificate.",
        }
    },
)
