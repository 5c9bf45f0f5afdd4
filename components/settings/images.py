"""Every image of the stack: one registry to mirror them all, each one overridable."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from .base import SettingsModel

# The releases of Label Studio that a stack runs unless it names an image: the newest, and that of Alauda's chart.
NEWEST = "1.23.2"
OLDEST = "1.20.0"
# The grammar of the distribution project (reference/regexp.go), with a registry that must be written out.
REFERENCE = re.compile(
    r"(?P<registry>[a-z0-9.-]+(?::\d+)?)/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
LABEL_STUDIO = "docker.io/heartexlabs/label-studio"
REGISTRY = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._/-]+)?")


def _image(value: str) -> str:
    match = REFERENCE.fullmatch(value)
    if not match or not ("." in match["registry"] or ":" in match["registry"] or match["registry"] == "localhost"):
        raise ValueError("must be an image with its registry, such as docker.io/library/postgres:17.6")
    if not match["digest"] and match["tag"] in (None, "latest"):
        raise ValueError("must be pinned by a tag other than latest or by a digest (…@sha256:…)")
    return value


def _registry(value: str) -> str:
    if not REGISTRY.fullmatch(value):
        raise ValueError("must be a registry with an optional path, such as registry.example.com/mirror")
    return value


def image_major_version(image: str) -> int | None:
    """The number that the tag begins with, or None where there is no tag or it begins with something else."""
    match = REFERENCE.fullmatch(image)
    leading = re.match(r"\d+", match["tag"] or "") if match else None
    return int(leading[0]) if leading else None


Image = Annotated[str, AfterValidator(_image)]


class ImageSettings(SettingsModel):
    """The config key ``images``."""

    mirror: Annotated[str, AfterValidator(_registry)] | None = Field(
        None, description="Registry, with an optional path, that takes the place of every image's own registry."
    )
    label_studio: Image | None = Field(
        None,
        description="Label Studio: page, API, queue workers, project jobs; by default "
        f"{LABEL_STUDIO}:{NEWEST}, and :{OLDEST} with Alauda's chart.",
    )
    postgresql: Image = Field(
        "docker.io/library/postgres:17.12-trixie", description="PostgreSQL server (standalone) and psql for its set-up."
    )
    cnpg_postgresql: Image = Field(
        "ghcr.io/cloudnative-pg/postgresql:17.12-standard-trixie",
        description="PostgreSQL server of a CloudNativePG cluster.",
    )
    valkey: Image = Field("docker.io/valkey/valkey:8.1.8-trixie", description="Valkey, the standalone Redis server.")
    # The official images were withdrawn in 2026; this maintained fork keeps the disk format and the environment names.
    minio: Image = Field(
        "docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z"
        "@sha256:635197cb9f36d01bee221d34d1c7d7960f6a95c48b0b6c01d99cd13bdae51a46",
        description="MinIO server: standalone or the tenant of an operator.",
    )
    minio_client: Image = Field(
        "docker.io/pgsty/mc:RELEASE.2026-09-16T00-00-00Z"
        "@sha256:cfc83108c3abb371f8fb84d99c1fdc88f8c237e022409b0081fb7c0a3be634dd",
        description="MinIO client, which makes buckets and keys.",
    )

    def reference(self, name: str) -> str:
        """The image to pull for the field ``name``, from the mirror where one is set."""
        image: str = getattr(self, name) or f"{LABEL_STUDIO}:{NEWEST}"
        if self.mirror is None:
            return image
        return f"{self.mirror}/{image.split('/', 1)[1]}"
