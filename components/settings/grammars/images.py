"""References of container images, by the grammar of ``github.com/distribution/reference``, registry written out."""

from __future__ import annotations

import re
from typing import Annotated

from .grammar import Grammar

DOMAIN = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
REGISTRY = rf"{DOMAIN}(?:\.{DOMAIN})*(?::\d{{1,5}})?"
COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = rf"{COMPONENT}(?:/{COMPONENT})*"
REFERENCE = re.compile(
    rf"(?P<registry>{REGISTRY})/(?P<repository>{REPOSITORY})"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
MIRROR = re.compile(rf"(?P<registry>{REGISTRY})(?:/{REPOSITORY})?", re.ASCII)
MAXIMUM_NAME = 255


def _is_registry(registry: str) -> bool:
    """Whether it cannot be taken for the first part of a path; ports are those of TCP."""
    host, _, port = registry.partition(":")
    return ("." in host or bool(port) or host == "localhost") and 1 <= int(port or "1") <= 65535


def _image(value: str) -> str:
    match = REFERENCE.fullmatch(value)
    if not match or not _is_registry(match["registry"]):
        raise ValueError(IMAGE.refusal)
    if len(match["registry"]) + len(match["repository"]) + 1 > MAXIMUM_NAME:
        raise ValueError(f"must have a name of at most {MAXIMUM_NAME} characters, without its tag")
    if not match["digest"] and match["tag"] in (None, "latest"):
        raise ValueError("must be pinned by a tag other than latest or by a digest (…@sha256:…)")
    return value


def _mirror(value: str) -> str:
    match = MIRROR.fullmatch(value)
    if not match or not _is_registry(match["registry"]):
        raise ValueError(REGISTRY_PATH.refusal)
    return value


def image_major_version(image: str) -> int | None:
    """The number that the tag begins with, or None where there is no tag or it begins with something else."""
    match = REFERENCE.fullmatch(image)
    leading = re.match(r"\d+", match["tag"] or "") if match else None
    return int(leading[0]) if leading else None


IMAGE = Grammar(
    "image",
    "an image with its registry",
    ("docker.io/library/postgres:17.6", f"registry.example.com:5000/a/b@sha256:{'0' * 64}"),
    check=_image,
)
REGISTRY_PATH = Grammar(
    "registry",
    "a registry with an optional path",
    ("registry.example.com/mirror", "localhost:5000"),
    check=_mirror,
)
Image = Annotated[str, IMAGE]
Registry = Annotated[str, REGISTRY_PATH]
