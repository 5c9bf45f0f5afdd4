"""Routes of the page are on listeners with a certificate; on a listener of plain http routes only redirect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.gateways import LISTENERS, ROUTES, is_gateway_kind, is_plain, redirects
from .checks.resources import Manifest
from .checks.rule import Parameters
from .checks.stack import Stack, StackRule, Violation
from .checks.values import UNKNOWN, at, items, mapping


def check(stack: Stack, parameters: Parameters) -> Iterator[Violation]:
    """Which listener each route is on: those of the stack as they are, others by names that the site vouches for."""
    gateways = [each for each in stack.manifests if is_gateway_kind(each) and each.kind in LISTENERS]
    routes = [each for each in stack.manifests if is_gateway_kind(each) and each.kind in ROUTES]
    for gateway in gateways:
        for index, listener in enumerate(items(at(gateway.body, "spec", "listeners"))):
            if is_plain(listener) and not _only_redirects(gateway, listener, routes, parameters):
                yield (
                    f"{gateway.label}: spec.listeners[{index}] is of plain http without a route that redirects; add an "
                    "HTTPRoute with a RequestRedirect to https, or list it in the parameter redirectListeners",
                    gateway.resource.urn,
                )
    for route in routes:
        spec = mapping(route.body.get("spec"))
        if not redirects(spec) and not (route.is_patch and "parentRefs" not in spec):
            for index, parent in enumerate(items(spec.get("parentRefs"))):
                if problem := _parent_problem(parent, gateways, parameters):
                    yield f"{route.label}: spec.parentRefs[{index}] {problem}", route.resource.urn


def _only_redirects(gateway: Manifest, listener: Any, routes: list[Manifest], parameters: Parameters) -> bool:
    attached = [
        redirects(mapping(route.body.get("spec")))
        for route in routes
        for parent in items(at(route.body, "spec", "parentRefs"))
        if _is_of(gateway, parent) and at(listener, "name") in _names(parent, [listener])
    ]
    named = at(listener, "name") in parameters["redirectListeners"]
    return all(attached) and (named or bool(attached))


def _parent_problem(parent: Any, gateways: list[Manifest], parameters: Parameters) -> str | None:
    fix = (
        f"attaches to listeners of plain http too; write sectionName: {parameters['tlsListeners'][0]} (parameter "
        "tlsListeners) or port: 443"
    )
    if UNKNOWN in (parent, at(parent, "name"), at(parent, "sectionName")):
        return None
    own = [gateway for gateway in gateways if _is_of(gateway, parent)]
    if not own:
        known = at(parent, "sectionName") in parameters["tlsListeners"] or at(parent, "port") == 443
        return None if known else fix
    listeners = [each for gateway in own for each in items(at(gateway.body, "spec", "listeners"))]
    reached = [each for each in listeners if at(each, "name") in _names(parent, listeners)]
    if not reached:
        return "names a listener that its Gateway does not have; write the name of one"
    return fix if any(is_plain(each) for each in reached) else None


def _is_of(gateway: Manifest, parent: Any) -> bool:
    kind = at(parent, "kind") or "Gateway"
    return bool(kind == gateway.kind and at(parent, "name") == at(gateway.body, "metadata", "name"))


def _names(parent: Any, listeners: list[Any]) -> set[Any]:
    """The listeners of its Gateway that a parent reference means: all of them where it names none."""
    section, port = at(parent, "sectionName"), at(parent, "port")
    return {
        at(listener, "name")
        for listener in listeners
        if section in (None, at(listener, "name")) and port in (None, at(listener, "port"))
    }


def _strings(description: str, default: list[str]) -> Mapping[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "default": default, "description": description}


RULE = StackRule(
    name="gateway-routes",
    title="Routes are on listeners with TLS",
    description="Routes attach to listeners with a certificate; on a listener of plain http they only redirect.",
    remediation="Name a listener of protocol HTTPS in each route's parentRefs, and redirect on the plain one.",
    severity=Severity.CRITICAL,
    check=check,
    parameters={
        "tlsListeners": {
            **_strings(
                "Names of listeners outside the stack that are known to have a certificate.", ["https", "websecure"]
            ),
            "minItems": 1,
        },
        "redirectListeners": _strings("Names of listeners of plain http whose routes, elsewhere, only redirect.", []),
    },
)
