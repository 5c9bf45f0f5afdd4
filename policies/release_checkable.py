"""A release whose values cannot be read, or that is changed after rendering, would pass every other policy."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.checks.releases import release_of
from policies.checks.resources import Resource
from policies.checks.rule import Parameters, Rule
from policies.checks.values import UNKNOWN, at


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """The chart is known, its values are readable, and nothing rewrites what it renders."""
    release = release_of(resource)
    if release is None:
        return
    if not release.chart:
        yield f"{release.label}: chart is missing or known only after the update; write it out"
    elif not release.is_label_studio and release.chart not in parameters["otherCharts"]:
        yield f"{release.label}: its chart is not Label Studio's; review it and list it in the parameter otherCharts"
    if release.values is UNKNOWN:
        yield f"{release.label}: values are unknown as a whole; keep Outputs to single values within them"
    for path in release.unreadable:
        yield f"{release.label}: {path} cannot be read; use a file of this project, or values"
    for key in ("postrender", "postRenderer"):
        if at(resource.props, key):
            yield f"{release.label}: {key} rewrites the manifests after they are checked; remove it"
    for name in ("postgresql", "redis") if release.is_label_studio else ():
        yield from _bundled(release.label, release.path(name), release.get(name, "enabled"), release.is_published)


def _bundled(label: str, path: str, enabled: object, published: bool) -> Iterator[str]:
    # The published charts bring a PostgreSQL with a published password and images that get no updates any more.
    if enabled not in (None, False) or (enabled is None and published and path.endswith("postgresql")):
        yield f"{label}: {path}.enabled must be false; the chart's own server has a known password and frozen images"


RULE = Rule(
    name="release-checkable",
    title="Releases can be checked",
    description="Helm releases are of known charts, with readable values, and are applied as rendered.",
    remediation="Use Label Studio's chart with plain values; list reviewed other charts in otherCharts.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "otherCharts": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Names of charts other than Label Studio's that the stack may install.",
        }
    },
)
