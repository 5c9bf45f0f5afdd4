"""What a policy looks at: a resource as the engine registers it, and the Kubernetes manifests inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import ResourceValidationArgs

from policies.checks.values import at, items, mapping, plain

KUBERNETES_TYPE = re.compile(r"kubernetes:(?P<group>[^:/]+)/(?P<version>[^:/]+):(?P<kind>\w+)")
# Types of the provider that stand for other resources; what they make is registered, and checked, by itself.
GROUPS_WITHOUT_MANIFESTS = {"helm.sh", "yaml", "kustomize"}


@dataclass(frozen=True)
class Provider:
    """The provider of a resource."""

    name: str
    props: Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource of the stack, or a manifest rendered from a release as if it were one."""

    type: str
    name: str
    props: Mapping[str, Any]
    urn: str = ""
    protect: bool = False
    provider: Provider | None = None

    @classmethod
    def of(cls, args: ResourceValidationArgs) -> Resource:
        """The resource that the engine asks about."""
        provider = Provider(args.provider.name, plain(args.provider.props)) if args.provider else None
        protect = bool(args.opts and args.opts.protect)
        return cls(args.resource_type, args.name, plain(args.props), args.urn, protect, provider)


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object; ``resource`` is what it belongs to."""

    group: str
    kind: str
    body: Mapping[str, Any]
    resource: Resource

    @property
    def label(self) -> str:
        """How messages call the object; names are not secret, values are never part of a message."""
        name = at(self.body, "metadata", "name")
        return f"{self.kind} {name if isinstance(name, str) else self.resource.name}"

    @property
    def annotations(self) -> Mapping[str, Any]:
        """The annotations of the object."""
        return mapping(at(self.body, "metadata", "annotations"))


def manifests(resource: Resource) -> Iterator[Manifest]:
    """The objects that a resource is or lists; a Patch counts as the object that it patches."""
    match = KUBERNETES_TYPE.fullmatch(resource.type)
    if not match or match["group"] in GROUPS_WITHOUT_MANIFESTS:
        return
    group = "" if match["group"] == "core" else match["group"]
    kind = match["kind"]
    if kind.endswith("List") and isinstance(resource.props.get("items"), list):
        for item in items(resource.props["items"]):
            own_kind = at(item, "kind")
            yield Manifest(group, own_kind if isinstance(own_kind, str) else kind[:-4], mapping(item), resource)
    else:
        yield Manifest(group, kind.removesuffix("Patch"), resource.props, resource)


def from_document(document: Mapping[str, Any], origin: Resource, namespace: str) -> Resource:
    """A rendered manifest as a resource, in the namespace of its release and with the release's options."""
    api_version = str(document.get("apiVersion", ""))
    group_version = api_version if "/" in api_version else f"core/{api_version}"
    metadata = {"namespace": namespace, **mapping(document.get("metadata"))}
    return Resource(
        f"kubernetes:{group_version}:{document.get('kind')}",
        str(metadata.get("name")),
        plain({**document, "metadata": metadata}),
        origin.urn,
        origin.protect,
        origin.provider,
    )
