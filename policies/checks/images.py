"""Image references, and where they stand in pods, custom resources and chart values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .pods import containers, pods
from .releases import label_studio_release
from .resources import Resource, manifests
from .values import UNKNOWN, at, walk

REFERENCE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._/:-]*?)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.IGNORECASE,
)
IMAGE_KEYS = ("image", "imageName", "dockerImage")
KINDS_WITHOUT_IMAGES = {"ConfigMap", "Secret"}


@dataclass(frozen=True)
class Image:
    """An image as written, or None where it is missing or malformed; ``UNKNOWN`` ones are not listed."""

    label: str
    reference: str | None

    @property
    def name(self) -> str:
        """Registry and repository, with those that Docker leaves out."""
        match = REFERENCE.fullmatch(self.reference or "")
        name = match["name"] if match else ""
        registry, slash, rest = name.partition("/")
        if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
            return f"docker.io/{name}" if slash else f"docker.io/library/{name}"
        return f"{registry}/{rest}"

    @property
    def tag(self) -> str | None:
        """The tag, where there is one."""
        match = REFERENCE.fullmatch(self.reference or "")
        return match["tag"] if match else None

    @property
    def digest(self) -> str | None:
        """The digest, where there is one."""
        match = REFERENCE.fullmatch(self.reference or "")
        return match["digest"] if match else None


def images(resource: Resource) -> Iterator[Image]:
    """Every image that a resource runs."""
    for container in containers(resource):
        if "image" in container.body or not container.pod.manifest.is_patch:
            yield from _image(container.label, container.body.get("image"))
    for pod in pods(resource):
        for name, volume in pod.volumes.items():
            if "image" in volume:
                yield from _image(f"{pod.manifest.label}, volume {name}", at(volume, "image", "reference"))
    if not any(pods(resource)):
        for manifest in manifests(resource):
            if manifest.kind not in KINDS_WITHOUT_IMAGES:
                yield from _in_tree(manifest.label, manifest.body.get("spec"), "spec")
    if release := label_studio_release(resource):
        if not isinstance(release.get("global", "image"), Mapping):
            yield Image(f"{release.label}: {release.path('global', 'image')}", None)
        yield from _in_tree(release.label, release.values, "")


def _in_tree(label: str, tree: Any, root: str) -> Iterator[Image]:
    for path, value in walk(tree, root):
        if path.rsplit(".", 1)[-1] not in IMAGE_KEYS:
            continue
        if isinstance(value, Mapping) and "repository" in value:
            yield from _image(f"{label}: {path}", _joined(value))
        elif not isinstance(value, Mapping):
            yield from _image(f"{label}: {path}", value)


def _image(label: str, value: Any) -> Iterator[Image]:
    if value is not UNKNOWN:
        yield Image(label, value if isinstance(value, str) and REFERENCE.fullmatch(value) else None)


def _joined(image: Mapping[str, Any]) -> Any:
    registry, repository, tag, digest = (image.get(key) for key in ("registry", "repository", "tag", "digest"))
    if UNKNOWN in (registry, repository, tag, digest):
        return UNKNOWN
    name = f"{registry}/{repository}" if registry and not str(repository).startswith(f"{registry}/") else repository
    return f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"
