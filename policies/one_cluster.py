"""One stack, one cluster: a second provider with another context would deploy a part of it somewhere else."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.rule import Parameters
from .checks.stack import Stack, StackRule, Violation
from .checks.values import UNKNOWN

PROVIDER = "pulumi:providers:kubernetes"
TARGET = ("context", "cluster", "kubeconfig")


def check(stack: Stack, parameters: Parameters) -> Iterator[Violation]:
    """Every provider of Kubernetes in the stack means the same context of the same kubeconfig."""
    providers = [resource for resource in stack.resources if resource.type == PROVIDER]
    known = [each for each in providers if each.props.get("context") not in parameters["contexts"]]
    targets = [tuple(str(each.props.get(key)) for key in TARGET) for each in known]
    for provider, target in zip(known[1:], targets[1:], strict=True):
        if UNKNOWN not in provider.props.values() and target != targets[0]:
            yield (
                f"provider {provider.name}: it means another cluster than {known[0].name}; use one provider, or list "
                "its context in the parameter contexts",
                provider.urn,
            )


RULE = StackRule(
    name="one-cluster",
    title="A stack is in one cluster",
    description="All providers of Kubernetes in a stack are pinned to the same context of the same kubeconfig.",
    remediation="Use the stack's own provider everywhere; make another stack for another cluster.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "contexts": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Contexts of other clusters that the stack may deploy to as well.",
        }
    },
)
