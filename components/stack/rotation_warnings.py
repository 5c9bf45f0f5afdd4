"""What a rotation ends for people, said before it happens: the cluster knows which generation it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..label_studio.credentials import GENERATION
from .settings import Settings

SETTINGS_MAP = "/api/v1/namespaces/{namespace}/configmaps/{name}-settings"


def rotation_warnings(
    settings: Settings, read: Callable[[str], Mapping[str, Any] | None], name: str = "label-studio"
) -> Iterator[str]:
    """One line where Django's key of the running stack is another generation than that of the settings."""
    found = read(SETTINGS_MAP.format(namespace=settings.cluster.namespace, name=name))
    if found is None:
        return
    running = int((found["metadata"].get("annotations") or {}).get(GENERATION, 1))
    if running != settings.rotate.django_key:
        yield (
            "rotate.djangoKey: every API token ends with this update, and people have to make new ones; "
            "make tokens lists whose they are. Sessions stay."
        )
