"""Whatever an Ingress serves, it serves with a certificate of its host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.checks.hosts import host_problem, tls_problems
from policies.checks.releases import Release, label_studio_release
from policies.checks.resources import Manifest, Resource, manifests
from policies.checks.rule import Parameters, Rule
from policies.checks.values import UNKNOWN, at, items, mapping

# Annotations that let controllers answer by plain http as well, and the value with which they do.
PLAIN_HTTP = {
    "nginx.ingress.kubernetes.io/ssl-redirect": "false",
    "nginx.ingress.kubernetes.io/force-ssl-redirect": "false",
    "haproxy.org/ssl-redirect": "false",
    "haproxy-ingress.github.io/ssl-redirect": "false",
    "kubernetes.io/ingress.allow-http": "true",
}
ENTRY_POINTS = "traefik.ingress.kubernetes.io/router.entrypoints"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Release values and Ingresses: a DNS name for a host, and a Secret with a certificate for each host."""
    if release := label_studio_release(resource):
        yield from (f"{release.label}: {problem}" for problem in _value_problems(release))
    for manifest in manifests(resource):
        if manifest.kind == "Ingress":
            yield from (f"{manifest.label}: {problem}" for problem in _ingress_problems(manifest))


def _value_problems(release: Release) -> Iterator[str]:
    root = release.path("app", "ingress")
    enabled = release.get("app", "ingress", "enabled")
    if enabled is False:
        return
    if enabled is not True:
        # To a chart's template every text is true, "false" too, and what is missing is the chart's own choice.
        state = "is missing" if enabled is None else "is no boolean that can be checked"
        yield f"{root}.enabled {state}; write true, with host and tls, or false"
        return
    host = release.get("app", "ingress", "host")
    hosts = [(f"{root}.host", host)]
    for index, extra in enumerate(items(release.get("app", "ingress", "extraHosts"))):
        hosts.append((f"{root}.extraHosts[{index}].name", at(extra, "name")))
    yield from _host_problems(hosts)
    if isinstance(host, str) and host.startswith("*"):
        yield f"{root}.host is a wildcard; the page has one address, write it"
    yield from tls_problems(hosts, release.get("app", "ingress", "tls"), f"{root}.tls")
    yield from _annotation_problems(release.get("app", "ingress", "annotations"), f"{root}.annotations")


def _ingress_problems(manifest: Manifest) -> Iterator[str]:
    spec = manifest.body.get("spec")
    rules = items(at(spec, "rules"))
    hosts = [(f"spec.rules[{index}].host", at(rule, "host")) for index, rule in enumerate(rules)]
    if not rules:
        yield "spec.rules is missing or empty, so it answers for every host; write one rule for each host"
    if at(spec, "defaultBackend") or at(spec, "backend"):
        yield "spec.defaultBackend answers for hosts without a certificate; write rules with hosts instead"
    yield from _host_problems(hosts)
    yield from tls_problems(hosts, at(spec, "tls"), "spec.tls")
    yield from _annotation_problems(at(manifest.body, "metadata", "annotations"), "metadata.annotations")


def _host_problems(hosts: list[tuple[str, Any]]) -> Iterator[str]:
    for path, host in hosts:
        if problem := host_problem(host):
            yield f"{path} {problem}"


def _annotation_problems(annotations: Mapping[str, Any] | Any, path: str) -> Iterator[str]:
    if annotations is UNKNOWN:
        yield f"{path} are unknown as a whole; write them out"
    for name, value in mapping(annotations).items():
        if str(value).lower() == PLAIN_HTTP.get(name):
            yield f"{path}: {name} lets the page be read by plain http; remove it"
        if name == ENTRY_POINTS and "web" in str(value).split(","):
            yield f"{path}: {name} includes the plain http one; write websecure alone"


RULE = Rule(
    name="ingress-tls",
    title="Ingresses speak TLS",
    description="An Ingress has a DNS name for each host and a certificate that covers it.",
    remediation="Give app.ingress (labelStudio.ingress in the stack file) a host that is a DNS name, and tls entries "
    "that each have a secretName and hosts, the host among them.",
    severity=Severity.CRITICAL,
    check=check,
)
