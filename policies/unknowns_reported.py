"""What a first preview cannot know: one line each, so that nobody takes silence for an answer."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from .checks.environment import environments
from .checks.gateways import ROUTES, is_gateway_kind
from .checks.rule import Parameters
from .checks.stack import Stack, StackRule, Violation
from .checks.values import UNKNOWN, at, items, mapping, walk

LATER = "is known only after the update, so the update is what checks it"


def check(stack: Stack, _: Parameters) -> Iterator[Violation]:
    """Values that a policy over the whole stack would have read."""
    for manifest in stack.manifests:
        if manifest.group == "" and manifest.kind == "Secret":
            for part in ("data", "stringData"):
                value = manifest.body.get(part)
                if value is UNKNOWN or UNKNOWN in mapping(value).values():
                    yield f"{manifest.label}: {part} {LATER}", manifest.resource.urn
        if is_gateway_kind(manifest) and manifest.kind in ROUTES:
            for index, parent in enumerate(items(at(manifest.body, "spec", "parentRefs"))):
                if UNKNOWN in (parent, at(parent, "name"), at(parent, "sectionName")):
                    yield f"{manifest.label}: spec.parentRefs[{index}] {LATER}", manifest.resource.urn
    for resource in stack.resources:
        for environment in environments(resource, workers=True):
            yield from ((f"{environment.label}: {path} {LATER}", resource.urn) for path in environment.pending)
    for path, value in walk(stack.outputs):
        if value is UNKNOWN:
            yield f"output {path} {LATER}", ""


RULE = StackRule(
    name="unknowns-reported",
    title="What is unknown is said",
    description="Secrets, outputs and sources that a first preview does not know, and that only the update checks.",
    remediation="Nothing: run the next preview after the update, and it says what it then knows.",
    severity=Severity.LOW,
    check=check,
    level=EnforcementLevel.ADVISORY,
)
