"""Whether the pack refuses something, all rules together, as in production: what the generators of this folder ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policies.checks.configuration import Configuration
from policies.checks.render import rendered
from policies.checks.resources import Provider, Resource
from policies.findings import findings
from policies.pack import load_config

PROD = load_config("prod")
PROVIDER = Provider("stack", {"context": "production"})
Given = tuple[str, Mapping[str, Any]]


def resource(kind: str, props: Mapping[str, Any], name: str = "it") -> Resource:
    """A resource of a stack, as the engine would ask about it."""
    given = kind if kind.count(":") > 1 else f"kubernetes:{kind}"
    urn = f"urn:pulumi:prod::label-studio::{given}::{name}"
    return Resource(given, name, props, urn, True, PROVIDER)


def refusals(
    *given: Given, config: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None
) -> set[str]:
    """The policies that refuse the resources, each with its message."""
    listed = [resource(kind, props, f"it-{index}") for index, (kind, props) in enumerate(given)]
    return of_resources(listed, config, outputs)


def of_resources(
    resources: Iterable[Resource], config: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None
) -> set[str]:
    """The same over resources that are already there, with what their charts render."""
    listed = [each for resource in resources for each in (resource, *rendered(resource))]
    found = findings(listed, Configuration({**PROD, **(config or {})}), outputs)
    return {f"{finding.rule.name}: {finding.message}" for finding in found if finding.blocks}
