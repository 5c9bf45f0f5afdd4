"""Secrets that a stack does not make itself, so that it cannot rotate them: what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..annotation_project.grants import project_grants
from ..object_store.settings import ExternalStore, StandaloneStore
from ..postgresql.settings import CnpgPostgres, ExternalPostgres, StandalonePostgres
from ..redis.settings import StandaloneRedis

if TYPE_CHECKING:
    from .rules import Problem
    from .settings import Settings

SUPPLIED = "is no secret of this stack: write the new value into the Secret that {field} names, then run make restart"
OPERATED = "is for backend: {backends}; change it as the documentation of that server says, then run make restart"
STANDALONE = OPERATED.format(backends="standalone")
STANDALONE_OR_CNPG = OPERATED.format(backends="standalone or cnpg")
NO_SUPERUSER = "is of no use yet: the superuser of CloudNativePG has no password until rotate.databaseOwner is above 1"


def rotation_problems(settings: Settings) -> Iterator[Problem]:
    """A number above 1 for a secret that is not this stack's own, by its path."""
    rotate = settings.rotate
    refusals = {
        ("databaseOwner",): (rotate.database_owner, _database_owner(settings)),
        ("databaseSuperuser",): (rotate.database_superuser, _database_superuser(settings)),
        ("redis",): (rotate.redis, None if isinstance(settings.redis, StandaloneRedis) else _redis(settings)),
        ("objectStoreRoot",): (
            rotate.object_store_root,
            None if isinstance(settings.object_store, StandaloneStore) else STANDALONE,
        ),
        ("pageKey",): (rotate.page_key, _store_key(settings)),
        ("administrator",): (rotate.administrator, _administrator(settings)),
    }
    for path, (generation, refusal) in refusals.items():
        if generation > 1 and refusal:
            yield ("rotate", *path), refusal
    yield from _project_problems(settings)


def _database_owner(settings: Settings) -> str | None:
    match settings.postgresql:
        case StandalonePostgres() | CnpgPostgres():
            return None
        case ExternalPostgres():
            return _supplied("postgresql.password")
        case _:
            return STANDALONE_OR_CNPG


def _database_superuser(settings: Settings) -> str | None:
    match settings.postgresql:
        case StandalonePostgres():
            return None
        case CnpgPostgres():
            return NO_SUPERUSER if settings.rotate.database_owner == 1 else None
        case _:
            return STANDALONE_OR_CNPG


def _redis(settings: Settings) -> str:
    return _supplied("redis.password") if settings.redis.backend == "external" else STANDALONE


def _store_key(settings: Settings) -> str | None:
    return _supplied("objectStore.credentials") if isinstance(settings.object_store, ExternalStore) else None


def _administrator(settings: Settings) -> str | None:
    if settings.label_studio.administrator.existing_secret is None:
        return None
    return "is no password of this stack: labelStudio.administrator.existingSecret names it; see docs/secrets.md"


def _supplied(field: str) -> str:
    return SUPPLIED.format(field=field)


def _project_problems(settings: Settings) -> Iterator[Problem]:
    names = [project.name for project in settings.projects]
    grants = project_grants(settings.projects, settings.projects_bucket, snapshots=settings.snapshots_bucket)
    granted = {grant.name.rpartition("-")[0] for grant in grants}
    for name, generation in settings.rotate.project_keys.items():
        path = ("rotate", "projectKeys", name)
        if name not in names:
            yield path, "is no declared project; remove it, or write the name of one"
        elif generation > 1 and (refusal := _store_key(settings)):
            yield path, refusal
        elif generation > 1 and name not in granted:
            yield path, _supplied("credentials of its storages")
