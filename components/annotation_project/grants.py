"""The low-privilege keys of a declared project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..object_store.grants import BucketGrant
from .args import Role
from .settings import ProjectSettings, TargetSettings

PEOPLE: dict[Role, str] = {"source": "upload", "target": "export"}


def project_grants(
    projects: Sequence[ProjectSettings], bucket: str, generations: Mapping[str, int] | None = None
) -> list[BucketGrant]:
    """The keys that the object store must make for projects without an S3 account of their own.

    ``bucket`` is that of projects that name none; ``generations`` are those of their keys, by name.
    """
    return [
        replace(grant, generation=(generations or {}).get(project.name, 1), group=project.name)
        for project in projects
        for role, storage in project.storages.items()
        if not storage.own_account
        for grant in bucket_grants(
            project.name,
            role,
            *project.location(role, bucket),
            can_delete=isinstance(storage, TargetSettings) and storage.can_delete_objects,
        )
    ]


def bucket_grants(
    project: str, role: Role, bucket: str, prefix: str, *, can_delete: bool = False
) -> Sequence[BucketGrant]:
    """Two keys for a storage: Label Studio's own, called after its role, and the one of people and pipelines.

    Who uploads cannot read, who exports cannot write; Label Studio can neither change data nor read annotations.
    """
    if role == "source":
        return [
            BucketGrant(name=f"{project}-upload", bucket=bucket, prefix=prefix, actions=("list", "write", "delete")),
            BucketGrant(name=f"{project}-source", bucket=bucket, prefix=prefix, actions=("list", "read")),
        ]
    delete = ("delete",) if can_delete else ()
    return [
        BucketGrant(name=f"{project}-target", bucket=bucket, prefix=prefix, actions=("list", "write", *delete)),
        BucketGrant(name=f"{project}-export", bucket=bucket, prefix=prefix, actions=("list", "read")),
    ]
