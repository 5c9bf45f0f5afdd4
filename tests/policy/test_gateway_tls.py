"""Gateways end TLS, and routes attach to where it ends."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import unknown_checking_proxy

from policies import gateway_routes
from policies.checks.stack import Stack
from policies.checks.values import plain
from policies.gateway_tls import RULE
from tests.policy.judge import resource
from tests.policy.support import HOST, METADATA, MISSING, SECRET, UNKNOWN, changed, expect, violations

LISTENER = {"name": "https", "protocol": "HTTPS", "hostname": HOST, "tls": {"certificateRefs": [{"name": "ls-tls"}]}}
GATEWAY = {"metadata": METADATA, "spec": {"listeners": [LISTENER]}}
ROUTE = {
    "metadata": METADATA,
    "spec": {
        "hostnames": [HOST],
        "parentRefs": [{"name": "gateway", "sectionName": "https"}],
        "rules": [{"backendRefs": [{"name": "ls-ls-app", "port": 80}]}],
    },
}
REDIRECT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("metadata.name", "a", None),
        ("spec.listeners[0].hostname", MISSING, None),
        ("spec.listeners[0].hostname", UNKNOWN, None),
        ("spec.listeners[0].hostname", "203.0.113.7", "is an IP address"),
        ("spec.listeners[0].protocol", "HTTP", None),
        (
            "spec.listeners[0]",
            {"protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}},
            "other namespaces",
        ),
        ("spec.listeners[0].protocol", "TCP", "is not of protocol HTTPS"),
        ("spec.listeners[0].protocol", MISSING, "is not of protocol HTTPS"),
        ("spec.listeners[0].protocol", UNKNOWN, "is not of protocol HTTPS"),
        ("spec.listeners[0].protocol", None, "is not of protocol HTTPS"),
        ("spec.listeners[0].protocol", SECRET, "is not of protocol HTTPS"),
        ("spec.listeners[0].tls", MISSING, "has no certificate"),
        ("spec.listeners[0].tls.certificateRefs", [], "has no certificate"),
        ("spec.listeners[0].tls.certificateRefs", [{"name": ""}], "has no certificate"),
        ("spec.listeners[0].tls.certificateRefs", [{"name": UNKNOWN}], None),
        ("spec.listeners[0].tls.mode", "Passthrough", "that ends TLS"),
        ("spec.listeners[0].tls.mode", "Terminate", None),
        ("spec.listeners[0]", {"protocol": "TLS", "tls": {"mode": "Passthrough"}}, None),
        ("spec.listeners[0]", "text", "is not of protocol HTTPS"),
        ("spec.listeners", MISSING, "cannot be read"),
        ("spec.listeners", UNKNOWN, "cannot be read"),
        ("spec", UNKNOWN, "cannot be read"),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_gateways(version: str, path: str, value: Any, problem: str | None) -> None:
    kind = f"kubernetes:gateway.networking.k8s.io/{version}:Gateway"
    expect(violations(RULE, kind, changed(GATEWAY, path, value)), problem)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("metadata.name", "a", None),
        ("spec.hostnames", MISSING, "answers for every host"),
        ("spec.hostnames", [], "answers for every host"),
        ("spec.hostnames", UNKNOWN, None),
        ("spec.hostnames", ["203.0.113.7"], "is an IP address"),
        ("spec.hostnames", [SECRET], "is no DNS name"),
        ("spec.parentRefs", MISSING, "parentRefs is missing"),
        ("spec.parentRefs", UNKNOWN, "parentRefs is missing"),
        ("spec", None, "answers for every host"),
    ],
)
def test_routes(path: str, value: Any, problem: str | None) -> None:
    for kind in ("HTTPRoute", "GRPCRoute"):
        expect(
            violations(RULE, f"kubernetes:gateway.networking.k8s.io/v1:{kind}", changed(ROUTE, path, value)), problem
        )


GATEWAYS = "gateway.networking.k8s.io/v1"
PLAIN = {"name": "http", "protocol": "HTTP", "port": 80}


def routed(*given: tuple[str, Any], config: dict[str, Any] | None = None) -> list[str]:
    """What the policy over the whole stack says of Gateways and routes."""
    resources = [resource(f"{GATEWAYS}:{kind}", plain(unknown_checking_proxy(props))) for kind, props in given]
    return [message for message, _ in gateway_routes.RULE.violations(Stack(resources), config)]


@pytest.mark.parametrize(
    ("parent", "problem"),
    [
        ({}, "plain http too"),
        ({"sectionName": "http"}, "plain http too"),
        ({"port": 80}, "plain http too"),
        ({"port": 443}, None),
        ({"sectionName": "websecure"}, None),
        ({"sectionName": "tls-443"}, "plain http too"),
    ],
)
def test_routes_on_a_gateway_that_is_elsewhere(parent: dict[str, Any], problem: str | None) -> None:
    route = changed(ROUTE, "spec.parentRefs", [{"name": "gateway", **parent}])
    expect(routed(("HTTPRoute", route)), problem)
    expect(routed(("HTTPRoute", changed(route, "spec.rules", [REDIRECT]))), None)


def test_names_of_listeners_are_a_parameter() -> None:
    own = changed(ROUTE, "spec.parentRefs", [{"name": "gateway", "sectionName": "tls-443"}])
    expect(routed(("HTTPRoute", own), config={"tlsListeners": ["tls-443"]}), None)


def test_a_listener_of_plain_http_only_redirects() -> None:
    both = changed(changed(GATEWAY, "spec.listeners", [LISTENER, PLAIN]), "metadata", {"name": "gateway"})
    on_http = changed(ROUTE, "spec.parentRefs", [{"name": "gateway", "sectionName": "http"}])
    redirect = changed(on_http, "spec.rules", [REDIRECT])
    to_http = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "http"}}]}
    expect(routed(("Gateway", both), ("HTTPRoute", ROUTE)), "without a route that redirects")
    expect(routed(("Gateway", both), ("HTTPRoute", ROUTE), ("HTTPRoute", redirect)), None)
    expect(routed(("Gateway", both), config={"redirectListeners": ["http"]}), None)
    for rules in ([REDIRECT, {"backendRefs": [{}]}], [to_http]):
        found = routed(("Gateway", both), ("HTTPRoute", redirect), ("HTTPRoute", changed(on_http, "spec.rules", rules)))
        assert len(found) == 2
    expect(routed(("Gateway", both), ("HTTPRoute", changed(ROUTE, "spec.parentRefs[0].sectionName", "x"))), "name")


def test_a_route_without_a_section_is_on_every_listener_of_its_gateway() -> None:
    named = changed(GATEWAY, "metadata", {"name": "gateway"})
    everywhere = changed(ROUTE, "spec.parentRefs", [{"name": "gateway"}])
    expect(routed(("Gateway", named), ("HTTPRoute", everywhere)), None)
    expect(routed(("HTTPRoute", changed(ROUTE, "spec.parentRefs[0].sectionName", UNKNOWN))), None)
