"""Everything of the stack is in the stack's namespace, where its network policies and pod security level hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from .checks.kinds import needs_namespace
from .checks.releases import release_of
from .checks.resources import Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """A namespace is written out, and it is none that belongs to everybody or to Kubernetes."""
    release = release_of(resource)
    if release and resource.props.get("chart") is not None:
        yield from _problems(release.label, "namespace", resource.props.get("namespace"), needed=True)
    for manifest in manifests(resource):
        namespace = at(manifest.body, "metadata", "namespace")
        yield from _problems(manifest.label, "metadata.namespace", namespace, needed=needs_namespace(manifest))


def _problems(label: str, path: str, namespace: Any, *, needed: bool) -> Iterator[str]:
    if namespace is UNKNOWN:
        return
    if not isinstance(namespace, str) or not namespace:
        if needed:
            yield f"{label}: {path} is missing; write the namespace of the stack (cluster.namespace)"
    elif namespace == "default" or namespace.startswith("kube-"):
        yield f"{label}: {path} is shared with everything else; write the namespace of the stack (cluster.namespace)"


RULE = Rule(
    name="namespace-explicit",
    title="The namespace is named",
    description="Resources name a namespace, neither default nor one of Kubernetes itself.",
    remediation="Write cluster.namespace, and metadata.namespace in every resource.",
    severity=Severity.MEDIUM,
    check=check,
)
