"""What the components of all backing services have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import pulumi

from .names import fitted
from .pods import Placement


@dataclass(frozen=True, kw_only=True)
class VolumeClaim:
    """A volume to claim; no class means the default StorageClass of the cluster."""

    size: str
    storage_class: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """Arguments of every backend of every service.

    With ``protect`` Pulumi refuses to delete what holds data, volumes outlive their StatefulSet, and Secrets
    without which the data cannot be read stay when the stack is destroyed.
    """

    namespace: pulumi.Input[str]
    cluster_domain: str = "cluster.local"
    network_policies: bool = True
    protect: bool = True
    placement: Placement = field(default_factory=Placement)


def component_inputs(args: Any) -> dict[str, Any]:
    """The arguments as inputs of the component, so that the state records them and policies see them.

    ``backend`` is the name of the arguments' class without its suffix: ``standalone`` for StandaloneArgs.
    """
    backend = type(args).__name__.removesuffix("Args").lower()
    return {"backend": backend, **_plain(args)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        members = {item.name: getattr(value, item.name) for item in fields(value)}
        return {_camel(name): _plain(member) for name, member in members.items() if member is not None}
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(member) for member in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not None or empty.

    An operator that compares an empty list with an absent one may see a difference for ever: CloudNativePG restarts
    its instances without end over ``tolerations: []``.
    """
    return {name: value for name, value in fields.items() if value}


def service_host(service: str, args: ServiceArgs) -> pulumi.Output[str]:
    """The fully qualified name of a Service of the stack: it resolves without search domains."""
    return pulumi.Output.concat(fitted(service), ".", args.namespace, ".svc.", args.cluster_domain)


def stateful_options(args: ServiceArgs, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options of what holds data or opens it, when the data itself outlives it (StatefulSet, password)."""
    return pulumi.ResourceOptions(parent=parent, protect=args.protect)


def retained_options(args: ServiceArgs, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options of what takes the data along (custom resource) or locks it away (Secret) when it is deleted."""
    return pulumi.ResourceOptions(parent=parent, protect=args.protect, retain_on_delete=args.protect)
