"""The low-privilege keys of a declared project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pulumi

from ..object_store.grants import BucketGrant, Reach
from .args import Role
from .settings import ProjectSettings, TargetSettings

PEOPLE: dict[Role, str] = {"source": "upload", "target": "export"}
SNAPSHOTS = "snapshots"
ARCHIVES = "archives"


def project_grants(
    projects: Sequence[ProjectSettings],
    bucket: str,
    generations: Mapping[str, int] | None = None,
    *,
    snapshots: pulumi.Input[str] | None = None,
) -> list[BucketGrant]:
    """The keys that the object store must make for projects without an S3 account of their own.

    ``bucket`` is that of projects that name none; ``generations`` are those of their keys, by name. ``snapshots`` is
    the bucket for snapshots, None where it keeps no versions: a key for them, which is a password and a Secret more
    for each project, would be of no use there.
    """
    return [
        replace(grant, generation=(generations or {}).get(project.name, 1), group=project.name)
        for project in projects
        for grant in [
            *_storage_grants(project, bucket),
            *_snapshot_grants(project, bucket, snapshots),
            *_archive_grants(project, bucket),
        ]
    ]


def _storage_grants(project: ProjectSettings, store_bucket: str) -> Iterator[BucketGrant]:
    for role, storage in project.storages.items():
        if not storage.own_account:
            can_delete = isinstance(storage, TargetSettings) and storage.can_delete_objects
            yield from bucket_grants(project.name, role, *project.location(role, store_bucket), can_delete=can_delete)


def _snapshot_grants(
    project: ProjectSettings, store_bucket: str, snapshots: pulumi.Input[str] | None
) -> Iterator[BucketGrant]:
    """The key of people who make and repeat snapshots: it can neither delete one, nor change or delete data."""
    if snapshots is None or project.target is None:
        return
    bucket, prefix = project.location("source", store_bucket)
    yield BucketGrant(
        name=f"{project.name}-{SNAPSHOTS}",
        bucket=snapshots,
        prefix=project.snapshots_prefix,
        actions=("versions", "write"),
        also=None if project.source.own_account else Reach(bucket=bucket, prefix=prefix, actions=("versions",)),
    )


def _archive_grants(project: ProjectSettings, store_bucket: str) -> Iterator[BucketGrant]:
    """The key of scheduled exports for what they write: it reads no archive and nothing else."""
    if project.exports:
        yield BucketGrant(
            name=f"{project.name}-{ARCHIVES}",
            bucket=project.bucket or store_bucket,
            prefix=project.archives_prefix,
            actions=("list", "write", "delete"),
        )


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
