"""Rules that span several keys of a stack file; each yields the path of a field and what to write there instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic.alias_generators import to_camel

from ..annotation_project.grants import project_grants
from ..annotation_project.settings import project_problems
from ..label_studio.chart_settings import PublishedChart
from ..label_studio.settings import VolumePersistence
from ..object_store.grants import UPLOADS
from ..object_store.settings import ExternalStore
from ..postgresql.settings import ONE_WRITER, CnpgPostgres, StandalonePostgres, ZalandoPostgres
from ..redis.settings import AlaudaRedis
from ..settings.grammars.images import image_major_version
from ..settings.grammars.s3 import BUCKET_NAME
from ..settings.images import OLDEST
from ..settings.outside import address_problems
from .database_connections import connection_problems
from .rotation_rules import rotation_problems

if TYPE_CHECKING:
    from .settings import Settings

# Roles of CloudNativePG (pkg/postgres/roles.go), and the defaults of Zalando's operator (pkg/util/config/config.go).
CNPG_ROLES = re.compile(r"streaming_replica|cnpg_.*")
VERSION = re.compile(r"v?(\d+)\.(\d+)", re.ASCII)
ZALANDO_ROLES = re.compile(r"standby|pooler|admin|cron_admin")

# PostgreSQL 14 had its last security release in November 2026 (postgresql.org/support/versioning).
OLDEST_POSTGRESQL = 15

# The cluster of CloudNativePG in a stack of its own, whose name its archive has by default.
CNPG_SERVER = "label-studio-postgresql"

Problem = tuple[tuple[str | int, ...], str]


def _replica_problems(settings: Settings) -> Iterator[Problem]:
    persistence = settings.label_studio.persistence
    shared = not isinstance(persistence, VolumePersistence) or persistence.access_mode == "ReadWriteMany"
    if settings.label_studio.maximum_replicas > 1 and not shared:
        yield (
            ("labelStudio", "persistence"),
            "more than one replica needs uploads that all of them see; write type: s3, or accessMode: ReadWriteMany",
        )


def _database_problems(settings: Settings) -> Iterator[Problem]:
    database = settings.postgresql
    if isinstance(database, StandalonePostgres | CnpgPostgres):
        image = "cnpg_postgresql" if isinstance(database, CnpgPostgres) else "postgresql"
        major = image_major_version(getattr(settings.images, image))
        if major not in (None, database.version):
            yield (
                ("postgresql", "version"),
                f"must be {major}, as in the tag of images.{to_camel(image)}; or name an image of another version",
            )
        elif database.version < OLDEST_POSTGRESQL:
            yield (
                ("postgresql", "version"),
                f"must be {OLDEST_POSTGRESQL} or higher: older ones get no more security releases; move the data by a "
                "dump, as docs/backup.md has it",
            )
        if isinstance(database, StandalonePostgres) and "-alpine" in settings.images.postgresql.partition("@")[0]:
            yield (
                ("images", "postgresql"),
                "must not be a variant for Alpine: its servers run as another user, and sort texts in another way than "
                "the one for Debian; write the tag without -alpine",
            )
        if major is None and isinstance(database, CnpgPostgres):
            yield (
                ("images", "cnpgPostgresql"),
                "must have a tag that begins with the version, such as 17.12, also where a digest is given: "
                "CloudNativePG reads it",
            )
    if isinstance(database, CnpgPostgres) and database.backup and database.backup.endpoint:
        host = urlsplit(str(database.backup.endpoint)).hostname or ""
        if f".{settings.cluster.namespace}.svc" in f"{host}.":
            yield (
                ("postgresql", "backup", "endpoint"),
                "must be another store than this stack's own, with which the backups would be lost as well",
            )


def _archive_writer_problems(settings: Settings) -> Iterator[Problem]:
    """What a database alone cannot know: the name that one of its archives has by default."""
    database = settings.postgresql
    if not isinstance(database, CnpgPostgres) or not database.backup or not database.restore:
        return
    written, read = (
        each.model_copy(update={"server_name": each.server_name or CNPG_SERVER})
        for each in (database.backup, database.restore)
    )
    if written.archive == read.archive:
        yield ("postgresql",), ONE_WRITER


def _release_problems(settings: Settings) -> Iterator[Problem]:
    """Releases of Label Studio that the program's files do not fit."""
    match = VERSION.match(settings.image("label_studio").rpartition("/")[2].partition(":")[2])
    oldest = tuple(map(int, OLDEST.split(".")[:2]))
    if match and (int(match[1]), int(match[2])) < oldest:
        yield (
            ("images", "labelStudio"),
            f"must be {OLDEST} or newer: the chart and the queue workers are made for it",
        )


def _owner_problems(settings: Settings) -> Iterator[Problem]:
    """Roles that an operator makes for itself, or names that it does not take."""
    database = settings.postgresql
    reserved = CNPG_ROLES if isinstance(database, CnpgPostgres) else ZALANDO_ROLES
    if isinstance(database, CnpgPostgres | ZalandoPostgres) and reserved.fullmatch(database.user):
        yield ("postgresql", "user"), "is a role that the operator makes for itself; write labelstudio"
    if isinstance(database, ZalandoPostgres) and database.user.strip("_") != database.user:
        yield ("postgresql", "user"), "must not begin or end with '_', which the operator refuses; write labelstudio"


def _output_problems(settings: Settings) -> Iterator[Problem]:
    """Projects in a bucket whose name a program gives as an Output, which no rule and no prefix can know."""
    store = settings.object_store
    if isinstance(store, ExternalStore) and not isinstance(store.bucket, str):
        for index, project in enumerate(settings.projects):
            places = [storage.bucket for storage in project.storages.values()]
            if project.bucket is None and (None in places or project.exports):
                yield (
                    ("projects", index, "bucket"),
                    "is required where objectStore.bucket is an Output, whose text is known only later",
                )


def _grant_problems(settings: Settings) -> Iterator[Problem]:
    """Keys of an external store for purposes that nobody has."""
    store = settings.object_store
    if not isinstance(store, ExternalStore):
        return
    of_projects = project_grants(settings.projects, settings.projects_bucket, snapshots=settings.snapshots_bucket)
    grants = [UPLOADS, *(grant.name for grant in of_projects)]
    for purpose in store.grant_credentials:
        if purpose not in grants:
            yield (
                ("objectStore", "grantCredentials", purpose),
                "is no purpose of this stack, which are uploads and, of each declared project, <name>-source, "
                "<name>-upload, <name>-target, <name>-export, <name>-snapshots and <name>-archives",
            )


def _pod_security_problems(settings: Settings) -> Iterator[Problem]:
    if settings.cluster.pod_security != "restricted":
        return
    backends = {
        "postgresql.backend zalando with flavor upstream": isinstance(settings.postgresql, ZalandoPostgres)
        and settings.postgresql.flavor == "upstream",
        "redis.backend alauda": isinstance(settings.redis, AlaudaRedis),
    }
    if unfit := [backend for backend, chosen in backends.items() if chosen]:
        yield (
            ("cluster", "podSecurity"),
            f"must be baseline for {' and '.join(unfit)}: the operator's pods do not meet restricted",
        )


def _user_problems(settings: Settings) -> Iterator[Problem]:
    """Two users for the pods of Label Studio."""
    everywhere, label_studio = settings.cluster.run_as_user, settings.label_studio
    if "run_as_user" in label_studio.model_fields_set and everywhere not in ("image", label_studio.run_as_user):
        yield ("labelStudio", "runAsUser"), "must not differ from cluster.runAsUser, which is for every pod; remove it"


def _production_problems(settings: Settings) -> Iterator[Problem]:
    if not settings.cluster.protect_data:
        yield (
            ("cluster", "protectData"),
            "must be true where cluster.environment is prod, or one mistake deletes the data",
        )
    if settings.label_studio.signup != "disabled":
        yield ("labelStudio", "signup"), "must be disabled where cluster.environment is prod; invite people instead"
    if not (settings.label_studio.page_url or "").startswith("https://"):
        yield (
            ("labelStudio", "ingress"),
            "is required where cluster.environment is prod (or labelStudio.url with https://): passwords need TLS",
        )


def _bucket_problems(settings: Settings) -> Iterator[Problem]:
    """The bucket that the program derives where it makes buckets."""
    store = settings.object_store
    if isinstance(store, ExternalStore) or not isinstance(store.bucket, str):
        return
    try:
        BUCKET_NAME.read(settings.projects_bucket)
    except ValueError:
        yield (
            ("objectStore", "bucket"),
            "must be at most 54 characters: the bucket of projects is called <bucket>-projects, of 63 at most",
        )


def _model_problems(settings: Settings) -> Iterator[Problem]:
    """Model servers in private networks, where Label Studio is told to refuse them."""
    if not settings.label_studio.security.block_local_ml_backends:
        return
    for project, declared in enumerate(settings.projects):
        for index, model in enumerate(declared.ml_backends):
            receiver = model.receiver()
            if receiver is None or receiver.is_private(settings.cluster.domain):
                yield (
                    ("projects", project, "mlBackends", index),
                    "is in a private network, which labelStudio.security.blockLocalMlBackends refuses; write false "
                    "there: network policies open the declared servers alone",
                )


def _archive_problems(settings: Settings) -> Iterator[Problem]:
    """A chart that lies on this machine."""
    chart = settings.label_studio.chart
    if not isinstance(chart, PublishedChart) or not chart.is_archive or "://" in chart.source:
        return
    if not Path(chart.source).is_file():
        yield (
            ("labelStudio", "chart", "source"),
            "must be an archive that exists; a path is relative to the folder of Pulumi.yaml",
        )


def stack_problems(settings: Settings) -> Iterator[Problem]:
    """Everything that is wrong with settings each of which is right by itself."""
    yield from _replica_problems(settings)
    yield from _database_problems(settings)
    yield from _archive_writer_problems(settings)
    yield from _release_problems(settings)
    yield from _owner_problems(settings)
    yield from _output_problems(settings)
    yield from _grant_problems(settings)
    yield from _pod_security_problems(settings)
    yield from _user_problems(settings)
    yield from address_problems(settings)
    yield from connection_problems(settings)
    yield from rotation_problems(settings)
    yield from _bucket_problems(settings)
    yield from _archive_problems(settings)
    yield from _model_problems(settings)
    if settings.is_production:
        yield from _production_problems(settings)
    yield from project_problems(settings.projects, settings.projects_bucket, snapshots=settings.snapshots_bucket)
