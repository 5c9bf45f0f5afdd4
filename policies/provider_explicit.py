"""A stack deploys to the cluster that its file names, whatever the kubeconfig's current context happens to be."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.resources import KUBERNETES_TYPE, Resource
from .checks.rule import Parameters, Rule
from .checks.values import at, is_given

PROVIDER = "pulumi:providers:kubernetes"
# Components of the provider's own package, whose children name the provider.
COMPONENTS = {"kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"}


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Kubernetes resources have a provider of their own stack, and that is pinned to a context."""
    if resource.type == PROVIDER:
        yield from _context_problems(resource)
    if not KUBERNETES_TYPE.fullmatch(resource.type) or resource.type in COMPONENTS:
        return
    provider = resource.provider
    if provider is None or provider.name.startswith("default"):
        yield f"{resource.name}: it uses the default provider; pass the provider of the stack in its options"


def _context_problems(resource: Resource) -> Iterator[str]:
    if not is_given(at(resource.props, "context")):
        yield f"provider {resource.name}: it follows the current context; write cluster.context"


RULE = Rule(
    name="provider-explicit",
    title="The cluster is named",
    description="Kubernetes resources use the stack's own provider, which is pinned to a context.",
    remediation="Write cluster.context, and pass provider or parent to every resource.",
    severity=Severity.HIGH,
    check=check,
)
