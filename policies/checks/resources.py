"""What a policy looks at: a resource as the engine registers it, and the Kubernetes manifests inside it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import yaml
from pulumi_policy import ResourceValidationArgs

from .values import Unknown, at, items, mapping, plain

# The type of a custom resource is its apiVersion as written, so that of a core kind may come without a group.
KUBERNETES_TYPE = re.compile(r"kubernetes:(?:(?P<group>[^:/]+)/)?(?P<version>[^:/]+):(?P<kind>[^:]+)")
# Types of the provider that stand for other resources; what they make is registered, and checked, by itself.
WITHOUT_MANIFESTS = re.compile(r"kubernetes:(helm\.sh/.+|yaml(/v\d+)?|kustomize(/v\d+)?):\w+")
PATCH = "Patch"


@dataclass(frozen=True)
class Provider:
    """The provider of a resource."""

    name: str
    props: Mapping[str, Any]


class Neighbours(Protocol):
    """What else the stack makes, as far as it is known; a policy of one resource has none."""

    def find(self, kind: str, name: Any) -> Mapping[str, Any] | Unknown | None:
        """The entries of a ConfigMap or Secret by name; None where the stack makes none of that name."""

    def may_have(self, name: Any) -> bool:
        """Whether a ConfigMap of the program may be there though it is not among what is known."""


@dataclass(frozen=True)
class Resource:
    """A resource of the stack, or a manifest rendered from a release as if it were one."""

    type: str
    name: str
    props: Mapping[str, Any]
    urn: str = ""
    protect: bool = False
    provider: Provider | None = None
    neighbours: Neighbours | None = None

    @classmethod
    def of(cls, args: ResourceValidationArgs) -> Resource:
        """The resource that the engine asks about."""
        provider = Provider(args.provider.name, plain(args.provider.props)) if args.provider else None
        protect = bool(args.opts and args.opts.protect)
        return cls(args.resource_type, args.name, plain(args.props), args.urn, protect, provider)


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object; ``resource`` is what it belongs to, ``is_patch`` where it only sets some fields of one."""

    group: str
    kind: str
    body: Mapping[str, Any]
    resource: Resource
    is_patch: bool = False

    @property
    def label(self) -> str:
        """How messages call the object; names are not secret, values are never part of a message."""
        name = at(self.body, "metadata", "name")
        return f"{self.kind} {name if isinstance(name, str) else self.resource.name}"

    @property
    def qualified(self) -> str:
        """The kind as parameters name it: with its group, where it has one."""
        return f"{self.group}/{self.kind}" if self.group else self.kind

    @property
    def annotations(self) -> Mapping[str, Any]:
        """The annotations of the object."""
        return mapping(at(self.body, "metadata", "annotations"))


def manifests(resource: Resource) -> Iterator[Manifest]:
    """The objects that a resource is or lists."""
    match = KUBERNETES_TYPE.fullmatch(resource.type)
    if WITHOUT_MANIFESTS.fullmatch(resource.type):
        yield from _written_out(resource)
    if not match or WITHOUT_MANIFESTS.fullmatch(resource.type):
        return
    group = "" if match["group"] in (None, "core") else match["group"]
    kind = match["kind"]
    is_patch = kind.endswith(PATCH) and kind != PATCH
    yield from _objects(group, kind.removesuffix(PATCH) if is_patch else kind, resource.props, resource, is_patch)


def _written_out(resource: Resource) -> Iterator[Manifest]:
    """The objects in the arguments of a ConfigGroup; those of files and charts are registered by themselves."""
    texts = resource.props.get("yaml")
    listed = items(resource.props.get("objs"))
    for text in texts if isinstance(texts, list) else [texts]:
        try:
            listed = [*listed, *(yaml.safe_load_all(text) if isinstance(text, str) else ())]
        except yaml.YAMLError:
            listed = [*listed, {"kind": "unreadable"}]
    for document in listed:
        yield from _objects("", "List", {"items": [plain(document)]}, resource, False)


def _objects(group: str, kind: str, body: Any, resource: Resource, is_patch: bool) -> Iterator[Manifest]:
    listed = at(body, "items")
    if not kind.endswith("List") or not isinstance(listed, list):
        yield Manifest(group, kind, mapping(body), resource, is_patch)
        return
    for item in listed:
        own_kind, own_version = at(item, "kind"), at(item, "apiVersion")
        own_group = own_version.rpartition("/")[0] if isinstance(own_version, str) else group
        inner = own_kind if isinstance(own_kind, str) else kind.removesuffix("List")
        # An item that is no mapping is passed on as an object without fields, which no rule accepts.
        yield from _objects(own_group, inner or "unknown", item, resource, is_patch)


def entries(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Path and text of each entry of a ConfigMap or Secret, decoded; what is unknown or no text is left out."""
    encoded = ("binaryData", "data") if manifest.kind == "Secret" else ("binaryData",)
    for part in ("data", "stringData", "binaryData"):
        for key, value in mapping(manifest.body.get(part)).items():
            text = _decoded(value) if part in encoded else value
            if isinstance(text, str):
                yield f"{part}.{key}", text


def _decoded(value: Any) -> str | None:
    try:
        return base64.b64decode(value).decode() if isinstance(value, str) else None
    except ValueError:
        return None


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
