"""The Gateway API's way in speaks TLS as well; a listener of plain http is there to redirect, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.gateways import LISTENERS, ROUTES, is_gateway_kind, is_plain, redirects
from .checks.hosts import host_problem
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at, is_given, items, mapping

SHARED = ("All", "Selector")


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Listeners have certificates, or redirect by name; routes have hosts and say which listener they are for."""
    for manifest in manifests(resource):
        if is_gateway_kind(manifest):
            yield from (f"{manifest.label}: {problem}" for problem in _problems(manifest))


def _problems(manifest: Manifest) -> Iterator[str]:
    spec = mapping(manifest.body.get("spec"))
    if manifest.kind in LISTENERS:
        if not items(spec.get("listeners")) and not manifest.is_patch:
            yield "spec.listeners cannot be read; write them as a plain list"
        for index, listener in enumerate(items(spec.get("listeners"))):
            yield from (f"spec.listeners[{index}] {problem}" for problem in _listener_problems(manifest, listener))
    if manifest.kind in ROUTES and not (manifest.is_patch and not spec) and not redirects(spec):
        yield from _route_problems(spec)


def _listener_problems(manifest: Manifest, listener: Any) -> Iterator[str]:
    protocol = at(listener, "protocol")
    if is_plain(listener):
        # Whether its routes only redirect is for the policy gateway-routes, which sees the routes.
        if at(listener, "allowedRoutes", "namespaces", "from") in SHARED:
            yield "takes routes of other namespaces, which may serve plain http; write from: Same"
        return
    if protocol not in ("HTTPS", "TLS"):
        yield "is not of protocol HTTPS or TLS; write HTTPS with a certificate"
        return
    mode = at(listener, "tls", "mode")
    if mode not in (None, "Terminate", "Passthrough") or (mode == "Passthrough" and protocol == "HTTPS"):
        yield "has no tls.mode that ends TLS; write Terminate"
    if mode != "Passthrough" and not _has_certificate(manifest, listener):
        yield "has no certificate; name its Secret in tls.certificateRefs"
    hostname = at(listener, "hostname")
    if hostname is not None and (problem := host_problem(hostname)):
        yield f"hostname {problem}"


def _has_certificate(manifest: Manifest, listener: Any) -> bool:
    references = items(at(listener, "tls", "certificateRefs"))
    options = mapping(at(listener, "tls", "options"))
    # Google's load balancer has certificates of its own, named by an annotation or an option.
    google = is_given(manifest.annotations.get("networking.gke.io/certmap")) or any(
        name.startswith("networking.gke.io/") and name.endswith("certs") and is_given(value)
        for name, value in options.items()
    )
    return google or any(is_given(at(reference, "name")) for reference in references)


def _route_problems(spec: Mapping[str, Any]) -> Iterator[str]:
    hostnames = spec.get("hostnames")
    if hostnames is not UNKNOWN and not items(hostnames):
        yield "spec.hostnames is missing, so it answers for every host; write the page's DNS name"
    for index, hostname in enumerate(items(hostnames)):
        if problem := host_problem(hostname):
            yield f"spec.hostnames[{index}] {problem}"
    parents = items(spec.get("parentRefs"))
    if not parents:
        yield "spec.parentRefs is missing; name the Gateway and its listener with a certificate"


RULE = Rule(
    name="gateway-tls",
    title="Gateways speak TLS",
    description="Listeners of the Gateway API have certificates, and routes name the hosts that they answer for.",
    remediation="Use listeners of protocol HTTPS with tls.certificateRefs, and name one in each route's parentRefs.",
    severity=Severity.CRITICAL,
    check=check,
)
