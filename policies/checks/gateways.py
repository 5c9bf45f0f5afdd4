"""Objects of the Gateway API: which listener speaks plain http, and which route only redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .resources import Manifest
from .values import at, items

GROUPS = ("gateway.networking.k8s.io", "gateway.networking.x-k8s.io")
LISTENERS = {"Gateway", "ListenerSet", "XListenerSet"}
ROUTES = {"HTTPRoute", "GRPCRoute"}


def is_gateway_kind(manifest: Manifest) -> bool:
    """Whether an object is one of the Gateway API."""
    return manifest.group in GROUPS


def is_plain(listener: Any) -> bool:
    """Whether a listener speaks plain http."""
    return bool(at(listener, "protocol") == "HTTP")


def redirects(spec: Mapping[str, Any]) -> bool:
    """Whether every rule of a route answers with a redirect to https, and nothing else."""
    rules = items(spec.get("rules"))
    return bool(rules) and all(not at(rule, "backendRefs") and _redirects(rule) for rule in rules)


def _redirects(rule: Any) -> bool:
    return any(
        at(entry, "type") == "RequestRedirect" and at(entry, "requestRedirect", "scheme") == "https"
        for entry in items(at(rule, "filters"))
    )
