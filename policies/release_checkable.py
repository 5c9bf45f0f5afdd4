"""A chart that cannot be rendered here, or that is changed after rendering, would pass every other policy."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.releases import Release, release_of
from .checks.render import Rendering, rendering_of
from .checks.resources import Resource
from .checks.rule import Parameters, Rule, reasons
from .checks.values import UNKNOWN, is_text

# What a Release or Chart may say besides; every other argument changes what is applied after it was checked.
ARGUMENTS = {
    "allowNullValues", "apiVersions", "atomic", "chart", "checksum", "cleanupOnFail", "compat", "createNamespace",
    "description", "devel", "fetchOpts", "disableCRDHooks", "disableOpenapiValidation", "disableWebhooks",
    "forceUpdate", "includeHooks", "includeTestHookResources", "keyring", "kubeVersion", "lint", "manifest",
    "maxHistory", "name", "namespace", "path", "plainHttp", "recreatePods", "renderSubchartNotes", "replace",
    "repositoryOpts", "resetValues", "resourceNames", "resourcePrefix", "skipAwait", "skipCRDRendering",
    "skipCrds", "status", "timeout", "values", "valueYamlFiles", "verify", "version", "waitForJobs",
}  # fmt: skip
# Arguments that bring in values or charts which are not written here.
HIDDEN = {"reuseValues": "keeps values of the release before", "dependencyUpdate": "fetches charts after the check"}


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """The chart is known and rendered, its values are readable, and nothing rewrites what it renders."""
    release = release_of(resource)
    if release is None:
        return
    if release.resource.type.endswith(":Chart") and resource.props.get("chart") is None:
        # Charts of the SDK tell the engine no inputs; each of their manifests is registered, and checked, by itself.
        return
    if not release.chart:
        yield f"{release.label}: chart is missing or known only after the update; write it out"
    if release.values is UNKNOWN:
        yield f"{release.label}: values are unknown as a whole; keep Outputs to single values within them"
    for path in release.unreadable:
        yield f"{release.label}: {path} cannot be read; use a file of this project, or values"
    yield from _argument_problems(release)
    for name in ("postgresql", "redis") if release.is_label_studio else ():
        yield from _bundled(release.label, release.path(name), release.get(name, "enabled"), release.is_published)
    if release.chart and release.values is not UNKNOWN:
        yield from _chart_problems(release, rendering_of(resource), parameters)


def _argument_problems(release: Release) -> Iterator[str]:
    for key, value in release.resource.props.items():
        if key in ("postrender", "postRenderer") and value:
            yield f"{release.label}: {key} rewrites the manifests after they are checked; remove it"
        elif key in HIDDEN and value:
            yield f"{release.label}: {key} {HIDDEN[key]}; remove it"
        elif key not in ARGUMENTS and key not in HIDDEN and value not in (None, False, "", [], {}) and key[:1] != "_":
            yield f"{release.label}: {key} is an argument that the policies cannot read; remove it"


def _chart_problems(release: Release, rendering: Rendering, parameters: Parameters) -> Iterator[str]:
    admitted = parameters["admittedCharts"]
    reference = f"{release.resource.props['chart']}@{release.resource.props.get('version')}"
    if any(is_text(admitted.get(name)) for name in (rendering.digest, reference, _digest_of(reference)) if name):
        return
    fix = "list its digest, or chart@version, in the parameter admittedCharts with a reason"
    if rendering.error and not rendering.digest:
        yield f"{release.label}: its chart cannot be fetched, so what it applies cannot be checked; {fix}"
    elif rendering.error and rendering.has_no_helm:
        yield f"{release.label}: {rendering.error}"
    elif rendering.error and not rendering.is_own:
        yield f"{release.label}: its chart cannot be rendered; fix the values, or {fix}: {rendering.error}"
    elif rendering.unforeseeable:
        yield (
            f"{release.label}: its templates ask the cluster (lookup, Release.Revision), so they may apply something "
            f"else; {fix} ({rendering.digest})"
        )


def _digest_of(reference: str) -> str:
    _, separator, digest = reference.partition("@sha256:")
    return f"sha256:{digest.partition('@')[0]}" if separator else ""


def _bundled(label: str, path: str, enabled: object, published: bool) -> Iterator[str]:
    # The published charts bring a PostgreSQL with a published password and images that get no updates any more.
    if enabled not in (None, False) or (enabled is None and published and path.endswith("postgresql")):
        yield f"{label}: {path}.enabled must be false; the chart's own server has a known password and frozen images"


RULE = Rule(
    name="release-checkable",
    title="Charts are rendered and checked",
    description="Helm releases have readable values, and are of charts that can be rendered and that apply just that.",
    remediation="Use a chart that is here with plain values; admit one that cannot be fetched by its digest.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "admittedCharts": reasons(
            "Charts that cannot be rendered here, by digest or as chart@version",
            "oci://registry.example.com/chart@1.2.3",
        )
    },
)
