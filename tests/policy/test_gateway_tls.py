"""Gateways end TLS, and routes attach to where it ends."""

from __future__ import annotations

from typing import Any

import pytest

from policies.gateway_tls import RULE
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
        ("spec.listeners[0].protocol", "HTTP", "is not of protocol HTTPS"),
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
        ("spec.parentRefs", [{"name": "gateway"}], "plain http too"),
        ("spec.parentRefs", [{"name": "gateway", "sectionName": "http"}], "plain http too"),
        ("spec.parentRefs", [{"name": "gateway", "port": 80}], "plain http too"),
        ("spec.parentRefs", [{"name": "gateway", "port": 443}], None),
        ("spec.parentRefs", [{"name": "gateway", "sectionName": "websecure"}], None),
        ("spec.parentRefs", [{"name": "gateway", "sectionName": UNKNOWN}], "plain http too"),
        ("spec", None, "answers for every host"),
    ],
)
def test_routes(path: str, value: Any, problem: str | None) -> None:
    for kind in ("HTTPRoute", "GRPCRoute"):
        expect(
            violations(RULE, f"kubernetes:gateway.networking.k8s.io/v1:{kind}", changed(ROUTE, path, value)), problem
        )


def test_a_route_that_only_redirects_may_be_on_http() -> None:
    on_http = changed(ROUTE, "spec.parentRefs", [{"name": "gateway", "sectionName": "http"}])
    kind = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    expect(violations(RULE, kind, changed(on_http, "spec.rules", [REDIRECT])), None)
    expect(violations(RULE, kind, changed(on_http, "spec.rules", [REDIRECT, {"backendRefs": [{}]}])), "plain http too")
    to_http = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "http"}}]}
    expect(violations(RULE, kind, changed(on_http, "spec.rules", [to_http])), "plain http too")


def test_names_of_listeners_are_a_parameter() -> None:
    own = changed(ROUTE, "spec.parentRefs", [{"name": "gateway", "sectionName": "tls-443"}])
    kind = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    expect(violations(RULE, kind, own), "plain http too")
    expect(violations(RULE, kind, own, config={"tlsListeners": ["tls-443"]}), None)


def test_routes_without_tls_at_all() -> None:
    expect(violations(RULE, "kubernetes:gateway.networking.k8s.io/v1alpha2:TCPRoute", ROUTE), "use an HTTPRoute")
    expect(violations(RULE, "kubernetes:example.com/v1:Gateway", changed(GATEWAY, "spec", None)), None)
