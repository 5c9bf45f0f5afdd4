"""What the components of all backing services have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pulumi
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from .context import StackContext
from .names import fitted


def component_inputs(settings: BaseModel, context: StackContext, **further: Any) -> dict[str, Any]:
    """What a component was given, as its inputs, so that the state records it and policies see it."""
    of_stack = {
        "namespace": context.namespace,
        "clusterDomain": context.cluster_domain,
        "networkPolicies": context.network_policies,
        "protect": context.protect,
    }
    return {**of_stack, **_plain(settings), **{to_camel(name): _plain(value) for name, value in further.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
        return {to_camel(name): _plain(member) for name, member in value.items() if member is not None}
    if is_dataclass(value) and not isinstance(value, type):
        members = {item.name: getattr(value, item.name) for item in fields(value)}
        return {to_camel(name): _plain(member) for name, member in members.items() if member is not None}
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(member) for member in value]
    return value


def drop_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not None or empty.

    An operator that compares an empty list with an absent one may see a difference for ever: CloudNativePG restarts
    its instances without end over ``tolerations: []``.
    """
    return {name: value for name, value in fields.items() if value}


def service_host(service: str, context: StackContext) -> pulumi.Output[str]:
    """The fully qualified name of a Service of the stack: it resolves without search domains."""
    return pulumi.Output.concat(fitted(service), ".", context.namespace, ".svc.", context.cluster_domain)


def stateful_options(context: StackContext, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options of what holds data or opens it, when the data itself outlives it (StatefulSet, password)."""
    return pulumi.ResourceOptions(parent=parent, protect=context.protect)


def retained_options(context: StackContext, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options of what takes the data along (custom resource) or locks it away (Secret) when it is deleted."""
    return pulumi.ResourceOptions(parent=parent, protect=context.protect, retain_on_delete=context.protect)
