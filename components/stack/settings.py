"""The settings of a stack: the only place that reads ``pulumi.Config``, and the rules that span several keys."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime import config as engine_config
from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..annotation_project.models import model_urls
from ..annotation_project.settings import ProjectSettings
from ..label_studio.settings import LabelStudioSettings
from ..object_store.settings import ExternalStore, ObjectStoreSettings
from ..postgresql.settings import PostgresSettings
from ..redis.settings import RedisSettings
from ..settings.base import ListOf, SettingsModel
from ..settings.errors import SettingsError, problems_of
from ..settings.images import LABEL_STUDIO, ImageSettings
from ..settings.rotation import Rotation
from .cluster import ClusterSettings
from .rules import stack_problems
from .supplied import SECRETS_KEY, form_problems, reference_problems

PROJECT = "label-studio"
# How like our prefix of keys another one has to be to be a slip.
NEARLY_PROJECT = 0.87
SecretValues = Mapping[str, Mapping[str, str]]


class Settings(SettingsModel):
    """Everything that a stack file says, but for values of Secrets, which never become part of a model."""

    cluster: ClusterSettings = Field(description="Where the stack lives and how it is guarded.")
    postgresql: PostgresSettings = Field(description="The database.")
    redis: RedisSettings = Field(description="The queue of background jobs.")
    object_store: ObjectStoreSettings = Field(description="The S3 store.")
    label_studio: LabelStudioSettings = Field(description="Label Studio itself.")
    projects: ListOf[ProjectSettings] = Field((), description="Label Studio projects with their storages.")
    images: ImageSettings = Field(ImageSettings(), description="Every image of the stack.")
    rotate: Rotation = Field(Rotation(), description="How often each secret that the stack makes was replaced.")

    @model_validator(mode="after")
    def _rules_that_span_keys(self) -> Self:
        if problems := [*stack_problems(self)]:
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
    def snapshots_bucket(self) -> pulumi.Input[str] | None:
        """The bucket for snapshots, None where buckets keep no versions; an external one is asked by who makes one."""
        store = self.object_store
        if isinstance(store, ExternalStore):
            return store.bucket
        return self.projects_bucket if store.versioning else None

    @property
    def storage_endpoints(self) -> list[str]:
        """The S3 servers of storages that have an account of their own elsewhere than at Amazon."""
        storages = [storage for project in self.projects for storage in project.storages.values()]
        return sorted({storage.endpoint for storage in storages if storage.endpoint})

    def webhook_receivers(self, stack: str) -> list[str]:
        """The servers of declared webhooks that the settings put into private networks, without paths.

        ``stack`` begins the names of its resources, model servers included.
        """
        webhooks = [webhook for project in self.projects for webhook in project.webhooks]
        webhooks += [url for project in self.projects for model in project.ml_backends if (url := model.receiver())]
        private = [webhook.url for webhook in webhooks if webhook.is_private(self.cluster.domain)]
        for project in self.projects:
            urls = self.model_urls(stack, project)
            private += [urls[model.name] for model in project.ml_backends if model.server]
        return sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, private)})

    def model_urls(self, stack: str, project: ProjectSettings) -> dict[str, str]:
        """Where Label Studio reaches each model server of a project, by its name."""
        return model_urls(stack, project.name, project.ml_backends, self.cluster.namespace, self.cluster.domain)

    def declared_models(self, stack: str) -> list[str]:
        """All model servers, as ``files/declared_models.py`` reads them."""
        found = ((project.name, self.model_urls(stack, project)) for project in self.projects)
        return [f"{project}/{name}={url}" for project, urls in found for name, url in urls.items()]

    @property
    def is_production(self) -> bool:
        """Whether the stack keeps data that matters."""
        return self.cluster.environment == "prod"


def validate(given: Mapping[str, Any]) -> Settings:
    """The settings in the keys of a stack file; SettingsError names every field that is missing or wrong."""
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        # Not "from error": pydantic's own text would print what was given, secrets included.
        raise SettingsError(problems_of(error, given, _schema())) from None


@cache
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema()


def load_settings() -> Settings:
    """The settings of the stack that runs; SettingsError as of ``validate``."""
    given = _given_keys()
    _refuse_renamed_project(given)
    problems = [*_misspelt_namespaces(), *_unencrypted(given)]
    secrets = given.pop(SECRETS_KEY, None) or {}
    problems += form_problems(secrets)
    try:
        settings = validate(given)
    except SettingsError as error:
        raise SettingsError([*problems, *error.problems]) from None
    problems += reference_problems(settings, secrets)
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
    prefix = f"{PROJECT}:"
    given = _configuration().items()
    return {key.removeprefix(prefix): _decoded(value) for key, value in given if key.startswith(prefix)}


def _configuration() -> dict[str, str]:
    """Every key that the engine hands over, those of other packages included."""
    return {**engine_config.get_config_env(), **engine_config.CONFIG.get()}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _unencrypted(given: Mapping[str, Any]) -> Iterator[str]:
    key = f"{PROJECT}:{SECRETS_KEY}"
    encrypted = engine_config.is_config_secret(key) or key in engine_config.get_config_secret_keys_env()
    if given.get(SECRETS_KEY) and not encrypted:
        command = f"pulumi config set --secret --path '{key}.<name>.<key>'"
        yield f"{SECRETS_KEY}: must be encrypted; remove it from the stack file and use {command}"


def _misspelt_namespaces() -> Iterator[str]:
    """Keys whose namespace is nearly ours: the engine hands them over, and nobody would read them."""
    for namespace in sorted({key.partition(":")[0] for key in _configuration()} - {PROJECT}):
        likeness = difflib.SequenceMatcher(None, namespace.lower().replace("_", "-"), PROJECT).ratio()
        if likeness >= NEARLY_PROJECT and not namespace.startswith(f"{PROJECT}-"):
            yield f"{namespace}: is not a known prefix of keys; did you mean {PROJECT}:?"


def _refuse_renamed_project(given: Mapping[str, Any]) -> None:
    """SettingsError where the settings are below the name of a project that was called something else before."""
    project = pulumi.get_project()
    theirs = {key.partition(":")[2] for key in _configuration() if key.startswith(f"{project}:")}
    if not given and project != PROJECT and "cluster" in theirs:
        raise SettingsError(
            [
                f"{project}: is not the prefix of keys, even if the Pulumi project has that name; write name: "
                f"{PROJECT} into Pulumi.yaml and {PROJECT}: before each key. Stacks tell deployments apart"
            ]
        )
