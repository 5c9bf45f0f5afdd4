"""The settings of a stack: the only place that reads ``pulumi.Config``, and the rules that span several keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime import config as engine_config
from pydantic import Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..annotation_project.settings import ProjectSettings, project_problems
from ..label_studio.settings import LabelStudioSettings, VolumePersistence
from ..object_store.settings import ExternalStore, ObjectStoreSettings
from ..postgresql.settings import CnpgPostgres, PostgresSettings, StandalonePostgres, ZalandoPostgres
from ..redis.settings import AlaudaRedis, RedisSettings
from ..settings.base import SettingsModel
from ..settings.errors import SettingsError, problems_of
from ..settings.images import LABEL_STUDIO, ImageSettings, image_major_version
from ..settings.outside import address_problems
from .cluster import ClusterSettings
from .database_connections import connection_problems

PROJECT = "label-studio"
SECRETS_KEY = "secrets"
SecretValues = Mapping[str, Mapping[str, str]]


class Settings(SettingsModel):
    """Everything that a stack file says, but for values of Secrets, which never become part of a model."""

    cluster: ClusterSettings = Field(description="Where the stack lives and how it is guarded.")
    postgresql: PostgresSettings = Field(description="The database.")
    redis: RedisSettings = Field(description="The queue of background jobs.")
    object_store: ObjectStoreSettings = Field(description="The S3 store.")
    label_studio: LabelStudioSettings = Field(description="Label Studio itself.")
    projects: tuple[ProjectSettings, ...] = Field((), description="Label Studio projects with their storages.")
    images: ImageSettings = Field(ImageSettings(), description="Every image of the stack.")

    @model_validator(mode="after")
    def _rules_that_span_keys(self) -> Self:
        problems = [
            *_replica_problems(self),
            *_database_problems(self),
            *_pod_security_problems(self),
            *address_problems(self),
            *connection_problems(self),
            *(_production_problems(self) if self.is_production else ()),
            *project_problems(self.projects, self.projects_bucket),
        ]
        if problems:
            raise ValidationError.from_exception_data(
                "Settings",
                [
                    InitErrorDetails(type=PydanticCustomError("rule", message), loc=path, input=None)
                    for path, message in problems
                ],
            )
        return self

    def image(self, name: str) -> str:
        """The image to pull for the field ``name`` of ``images``."""
        return self.resolved_images.reference(name)

    @property
    def resolved_images(self) -> ImageSettings:
        """The images with that of Label Studio, whose default follows the chart."""
        label_studio = self.images.label_studio or f"{LABEL_STUDIO}:{self.label_studio.chart.label_studio}"
        return self.images.model_copy(update={"label_studio": label_studio})

    @property
    def projects_bucket(self) -> str:
        """The bucket of projects that name none: apart from uploads, where this program may make buckets."""
        store = self.object_store
        return str(store.bucket) if isinstance(store, ExternalStore) else f"{store.bucket}-projects"

    @property
    def storage_endpoints(self) -> list[str]:
        """The S3 servers of storages that have an account of their own elsewhere than at Amazon."""
        storages = [storage for project in self.projects for storage in project.storages.values()]
        return sorted({storage.endpoint for storage in storages if storage.endpoint})

    @property
    def is_production(self) -> bool:
        """Whether the stack keeps data that matters."""
        return self.cluster.environment == "prod"


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
    if isinstance(database, CnpgPostgres) and database.backup and database.backup.endpoint:
        host = urlsplit(str(database.backup.endpoint)).hostname or ""
        if f".{settings.cluster.namespace}.svc" in f"{host}.":
            yield (
                ("postgresql", "backup", "endpoint"),
                "must be another store than this stack's own, with which the backups would be lost as well",
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


def validate(given: Mapping[str, Any]) -> Settings:
    """The settings in the keys of a stack file; SettingsError names every field that is missing or wrong."""
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        # Not "from error": pydantic's own text would print what was given, secrets included.
        raise SettingsError(problems_of(error, given, Settings.model_json_schema())) from None


def load_settings() -> Settings:
    """The settings of the stack that runs; SettingsError as of ``validate``."""
    given = _given_keys()
    problems = list(_plaintext_secrets(given))
    given.pop(SECRETS_KEY, None)
    try:
        settings = validate(given)
    except SettingsError as error:
        raise SettingsError([*problems, *error.problems]) from None
    if problems:
        raise SettingsError(problems)
    return settings


def validate_stack(config: Mapping[str, Any]) -> Settings:
    """The settings in the ``config`` of a stack file, without its secrets; SettingsError as of ``validate``."""
    prefix = f"{PROJECT}:"
    given = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    given.pop(SECRETS_KEY, None)
    return validate(given)


def load_secret_values() -> pulumi.Output[SecretValues] | None:
    """The Secrets whose values the stack file holds encrypted: name -> key -> value."""
    return pulumi.Config(PROJECT).get_secret_object(SECRETS_KEY)


def secret_names() -> list[str]:
    """The names under ``secrets``, which are not secret themselves."""
    return sorted(pulumi.Config(PROJECT).get_object(SECRETS_KEY) or {})


def _given_keys() -> dict[str, Any]:
    everything = {**engine_config.get_config_env(), **engine_config.CONFIG.get()}
    prefix = f"{PROJECT}:"
    return {key.removeprefix(prefix): _decoded(value) for key, value in everything.items() if key.startswith(prefix)}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _plaintext_secrets(given: Mapping[str, Any]) -> Iterator[str]:
    if not given.get(SECRETS_KEY):
        return
    encrypted = engine_config.is_config_secret(f"{PROJECT}:{SECRETS_KEY}")
    encrypted = encrypted or f"{PROJECT}:{SECRETS_KEY}" in engine_config.get_config_secret_keys_env()
    if not encrypted:
        command = f"pulumi config set --secret --path '{PROJECT}:{SECRETS_KEY}.<name>.<key>'"
        yield f"{SECRETS_KEY}: must be encrypted; remove it from the stack file and use {command}"
    values = given[SECRETS_KEY]
    well_formed = isinstance(values, Mapping) and all(
        isinstance(keys, Mapping) and all(isinstance(value, str) for value in keys.values()) for keys in values.values()
    )
    if not well_formed:
        yield f"{SECRETS_KEY}: must map names of Secrets to their keys, and each key to a text"
