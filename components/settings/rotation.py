"""The config key ``rotate``: how often each secret that the stack makes has been replaced."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import SettingsModel
from .grammars.kubernetes import KubernetesName

# Every generation of a password stays in the state, so that none is in the way of the next.
MAXIMUM = 1000
Generation = Annotated[int, Field(ge=1, le=MAXIMUM)]


class Rotation(SettingsModel):
    """A higher number makes a new value at the next update; 1 is the value that the stack began with."""

    database_owner: Generation = Field(1, description="Password with which Label Studio opens the database.")
    database_superuser: Generation = Field(
        1, description="Password of the superuser of a standalone database, or of a CloudNativePG one."
    )
    redis: Generation = Field(1, description="Password of a standalone Redis.")
    object_store_root: Generation = Field(1, description="Password of the administrator of a standalone object store.")
    page_key: Generation = Field(1, description="S3 key with which Label Studio keeps uploads.")
    project_keys: dict[KubernetesName, Generation] = Field(
        {}, description="S3 keys of a declared project, by its name: those of Label Studio and those of people."
    )
    django_key: Generation = Field(
        1, description="Key that signs sessions and API tokens: sessions stay, every API token ends."
    )
    administrator: Generation = Field(1, description="Password of the first administrator.")
