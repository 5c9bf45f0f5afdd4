"""Every image of the stack: one registry to mirror them all, each one overridable."""

from __future__ import annotations

from pydantic import Field

from .base import SettingsModel
from .grammars.images import Image, Registry

# The releases of Label Studio that a stack runs unless it names an image: the newest, and that of Alauda's chart.
NEWEST = "1.23.2"
OLDEST = "1.20.0"
LABEL_STUDIO = "docker.io/heartexlabs/label-studio"


class ImageSettings(SettingsModel):
    """The config key ``images``."""

    mirror: Registry | None = Field(
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
    valkey: Image = Field(
        "docker.io/valkey/valkey:8.1.10@sha256:640c5e62cea04b6d6f2084232651d0cc70362d31f4f805e7be94dbed6855e8f2",
        description="Valkey, the standalone Redis server.",
    )
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
        return self.mirrored(getattr(self, name) or f"{LABEL_STUDIO}:{NEWEST}")

    def mirrored(self, image: str) -> str:
        """An image, from the mirror where one is set."""
        if self.mirror is None:
            return image
        return f"{self.mirror}/{image.split('/', 1)[1]}"
