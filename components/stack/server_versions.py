"""The major version of a PostgreSQL server that is there already: the files of its volume are for that one alone."""

from __future__ import annotations

from collections.abc import Iterator

from ..postgresql.settings import StandalonePostgres
from ..settings.grammars.images import image_major_version
from .settings import Settings
from .volumes import STATEFUL_SET, Read


def version_problems(settings: Settings, read: Read, name: str = "label-studio") -> Iterator[str]:
    """A line where the server would not start on its volume; an image without a tag does not tell its version."""
    if not isinstance(settings.postgresql, StandalonePostgres):
        return
    found = read(STATEFUL_SET.format(namespace=settings.cluster.namespace, name=f"{name}-postgresql"))
    containers = found["spec"]["template"]["spec"]["containers"] if found else []
    there = {image_major_version(each["image"]) for each in containers if each["name"] == "postgresql"} - {None}
    wanted = settings.postgresql.version
    if there - {wanted}:
        yield (
            f"images.postgresql: must be of version {there.pop()} while the server has its volume, which a server of "
            f'version {wanted} does not start on; see "Another major version of PostgreSQL" in docs/upgrade.md'
        )
