"""The config key ``projects``: Label Studio projects with the storages that their data comes from and goes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from ..object_store.settings import S3Credentials
from ..settings.base import ListOf, SettingsModel
from ..settings.grammars.hosts import Addresses, HttpUrl
from ..settings.grammars.kubernetes import KubernetesName
from ..settings.grammars.s3 import BucketName, KmsKey, Prefix, Region, check_region
from ..settings.grammars.schedules import Cron
from ..settings.grammars.text import Description, FilePath, Pattern, line
from ..settings.network import ADDRESSES
from .args import Role
from .export_settings import ExportSettings
from .label_config import check_label_config, read_label_config
from .label_template import LabelConfig, LabelTemplate
from .model_settings import ModelSettings, model_problems, object_names
from .project_names import taken_names
from .webhook_settings import WebhookSettings

MAXIMUM_NAME = 30
TASK_OBJECTS = r".*\.jsonl?$"
STORE = "the object store"


def _project_name(value: str) -> str:
    if len(value) > MAXIMUM_NAME:
        raise ValueError(f"must be at most {MAXIMUM_NAME} characters: it becomes part of the names of Secrets")
    return value


class StorageSettings(SettingsModel):
    """One storage of a project: by default in the stack's object store, else in an S3 account of its own."""

    title: Annotated[str, line(1, 256)] | None = Field(
        None, description="Name of the connection on Label Studio's page."
    )
    bucket: BucketName | None = Field(None, description="Bucket; by default the project's.")
    prefix: Prefix | None = Field(
        None, description="Where in the bucket; by default <name>/input/ or <name>/output/ of a shared bucket."
    )
    region: Region | None = Field(None, description="Region of an S3 account of its own; by default us-east-1.")
    endpoint: HttpUrl | None = Field(
        None, description="URL of the S3 server of an account of its own; Amazon S3 when not given."
    )
    addresses: Addresses | None = Field(None, description=ADDRESSES)
    credentials: S3Credentials | None = Field(
        None, description="Key of an S3 account other than the stack's object store."
    )

    @model_validator(mode="after")
    def _own_account_is_complete(self) -> Self:
        if self.credentials is None and (self.endpoint or self.region or self.addresses):
            raise ValueError(
                "endpoint, region and addresses are those of an S3 account of its own, which needs credentials too"
            )
        if self.credentials is not None:
            check_region(self.region, self.endpoint)
        if self.credentials is not None and self.bucket is None:
            raise ValueError("bucket is required with credentials: the stack's bucket is in another account")
        return self

    @property
    def own_account(self) -> bool:
        """Whether the storage lies outside the stack's object store."""
        return self.credentials is not None


class SourceSettings(StorageSettings):
    """Where tasks come from."""

    file_filter_regex: Pattern | None = Field(
        None,
        description="Only objects whose whole key, from its beginning, matches; such as .*(jpe?g|png|tiff). "
        "By default all media files, or all JSON files of tasks.",
    )
    treat_every_bucket_object_as_source: bool = Field(
        True,
        description="True for media files, each of which becomes a task; false for tasks in JSON, as make upload makes "
        "them of files that name media.",
    )
    recursive_scan: bool = Field(
        True, description="Whether objects in folders below the prefix count as well, as make upload writes them."
    )
    presigned_urls: bool | None = Field(
        None,
        description="Whether browsers fetch data from S3 itself, which they must be able to reach; "
        "by default not from a server in the cluster.",
    )
    expiration_minutes: int = Field(15, ge=1, le=10080, description="How long a pre-signed URL is good for.")
    upload_credentials: S3Credentials | None = Field(
        None, description="Key of people who upload, for an account of its own; by default credentials."
    )

    @model_validator(mode="after")
    def _upload_key_is_needed(self) -> Self:
        if self.upload_credentials and not self.credentials:
            raise ValueError("uploadCredentials are for an account of its own: the object store makes its own keys")
        return self

    @property
    def object_filter(self) -> str | None:
        """The pattern of the keys that Label Studio reads: of a source of tasks, no media beside them."""
        default = None if self.treat_every_bucket_object_as_source else TASK_OBJECTS
        return self.file_filter_regex or default


class TargetSettings(StorageSettings):
    """Where annotations go."""

    sse_kms_key_id: KmsKey | None = Field(None, description="Key of the S3 server that encrypts annotations.")
    can_delete_objects: bool = Field(
        False, description="Whether deleting an annotation deletes its object; its key may delete only then."
    )
    export_credentials: S3Credentials | None = Field(
        None, description="Key of people who export, for an account of its own; by default credentials."
    )

    @model_validator(mode="after")
    def _export_key_is_needed(self) -> Self:
        if self.export_credentials and not self.credentials:
            raise ValueError("exportCredentials are for an account of its own: the object store makes its own keys")
        return self


class ProjectSettings(SettingsModel):
    """One project. ``name`` is its identity: the title may change, another name makes another project."""

    name: Annotated[KubernetesName, AfterValidator(_project_name)] = Field(
        description="Identity of the project; names its keys and prefixes and can never change."
    )
    title: Annotated[str, line(3, 50)] | None = Field(
        None, description="Title on Label Studio's page; by default the name."
    )
    description: Description = Field("", description="What Label Studio shows below the title.")
    label_config: LabelConfig | None = Field(
        None, description="Labelling configuration: XML, <View> outermost, or a template with labels."
    )
    label_config_file: FilePath | None = Field(
        None, description="File with the labelling configuration, in the folder of Pulumi.yaml or below it."
    )
    bucket: BucketName | None = Field(
        None, description="Bucket for data and annotations; by default that of the object store."
    )
    source: SourceSettings = Field(SourceSettings(), description="Where tasks come from.")
    target: TargetSettings | None = Field(TargetSettings(), description="Where annotations go; null for nowhere.")
    schedule: Cron | None = Field(None, description="When to look for new data: five cron fields, UTC.")
    exports: ListOf[ExportSettings] = Field((), max_length=14, description="Annotations converted on a schedule.")
    webhooks: ListOf[WebhookSettings] = Field((), max_length=8, description="Who is told of annotations and exports.")
    ml_backends: ListOf[ModelSettings] = Field(
        (), max_length=4, description="Model servers that predict annotations and learn from them."
    )

    @model_validator(mode="after")
    def _title_is_usable(self) -> Self:
        if not 3 <= len(self.page_title) <= 50:
            raise ValueError("title is required for a name of fewer than 3 characters")
        return self

    @model_validator(mode="after")
    def _label_config_is_usable(self) -> Self:
        if (self.label_config is None) == (self.label_config_file is None):
            raise ValueError("needs labelConfig or labelConfigFile, and not both")
        key = "labelConfig" if self.label_config_file is None else "labelConfigFile"
        try:
            if self.labelling is not None:
                check_label_config(self.labelling)
        except ValueError as error:
            raise ValueError(f"{key} {error}") from None
        return self

    @model_validator(mode="after")
    def _source_suits_the_template(self) -> Self:
        if self.template is None:
            return self
        of_media, field = not self.template.of_text, "treat_every_bucket_object_as_source"
        if field in self.source.model_fields_set and self.source.treat_every_bucket_object_as_source != of_media:
            raise ValueError(
                f"source.treatEveryBucketObjectAsSource must be {str(of_media).lower()} for {self.template.template}; "
                "leave it out"
            )
        # The model is immutable for everybody else.
        object.__setattr__(self, "source", self.source.model_copy(update={field: of_media}))
        return self

    @model_validator(mode="after")
    def _exports_are_possible(self) -> Self:
        titles = [export.title for export in self.exports]
        if len(set(titles)) < len(titles):
            raise ValueError("exports has a format twice with the same withData; leave one of them out")
        if self.exports and self.target is None:
            raise ValueError("exports need a target: they convert the annotations that are there")
        return self

    @model_validator(mode="after")
    def _webhooks_are_different(self) -> Self:
        urls = [webhook.url for webhook in self.webhooks]
        if len(set(urls)) < len(urls):
            raise ValueError("webhooks has a url twice; write all its actions in one of them")
        return self

    @model_validator(mode="after")
    def _models_fit_together(self) -> Self:
        if problem := model_problems(self.ml_backends):
            raise ValueError(problem)
        return self

    @property
    def page_title(self) -> str:
        """The title on Label Studio's page."""
        return self.title or self.name

    @property
    def template(self) -> LabelTemplate | None:
        """The template of Label Studio's that the labelling configuration is made of, if it is."""
        return self.label_config if isinstance(self.label_config, LabelTemplate) else None

    @property
    def labelling(self) -> str | None:
        """The labelling configuration, wherever it is written; that of a template is known in the cluster only."""
        if self.label_config_file is not None:
            return read_label_config(self.label_config_file)
        return self.label_config if isinstance(self.label_config, str) else None

    @property
    def storages(self) -> dict[Role, StorageSettings]:
        """The storages by their role."""
        target: dict[Role, StorageSettings] = {"target": self.target} if self.target else {}
        return {"source": self.source, **target}

    @property
    def snapshots_prefix(self) -> str:
        """Where snapshots go in the bucket for snapshots, whatever bucket the project names."""
        return f"snapshots/{self.name}/"

    @property
    def archives_prefix(self) -> str:
        """Where scheduled exports go, in the project's bucket."""
        return f"exports/{self.name}/"

    def location(self, role: Role, store_bucket: str) -> tuple[str, str]:
        """Bucket and prefix of a storage; one that alone names its bucket has the whole of it."""
        storage = self.storages[role]
        if storage.bucket is not None:
            others = {other.bucket for key, other in self.storages.items() if key != role}
            shared = storage.bucket in {*others, self.bucket, store_bucket}
            prefix = _default_prefix(self.name, role) if shared else ""
            return storage.bucket, prefix if storage.prefix is None else storage.prefix
        prefix = _default_prefix(self.name, role) if storage.prefix is None else storage.prefix
        return self.bucket or store_bucket, prefix


def _default_prefix(name: str, role: Role) -> str:
    return f"{name}/{'input' if role == 'source' else 'output'}/"


def is_in_cluster(endpoint: str | None, cluster_domain: str) -> bool:
    """Whether only pods can reach the S3 server, so that a browser could not follow a pre-signed URL."""
    host = urlsplit(endpoint or "").hostname or ""
    return host.endswith((f".{cluster_domain}", ".svc"))


Problem = tuple[tuple[str | int, ...], str]


def project_problems(
    projects: Sequence[ProjectSettings], store_bucket: str, *, snapshots: object = None
) -> Iterator[Problem]:
    """What projects would share with one another: names, titles, and places of data.

    ``snapshots`` is the bucket for snapshots, if there is one; of an Output nobody can tell what overlaps it.
    """
    names = [project.name for project in projects]
    yield from _repetitions("name", names)
    yield from (
        (("projects", index, "name"), message) for index, message in taken_names(names, _model_objects(projects))
    )
    yield from _repetitions("title", [project.page_title for project in projects])
    places = [place for index, project in enumerate(projects) for place in _places(index, project, store_bucket)]
    for number, place in enumerate(places):
        for other in places[:number]:
            if place.overlaps(other):
                message = f"overlaps projects[{other.index}].{other.role} in bucket and prefix; keep them apart"
                yield ("projects", place.index, place.role), message
        for index, project in enumerate(projects):
            archives = _Place(index, STORE, project.bucket or store_bucket, project.archives_prefix)
            if project.exports and place.overlaps(archives):
                message = f"overlaps {project.archives_prefix}, the place of exports; write another prefix"
                yield ("projects", place.index, place.role), message
        for index, project in enumerate(projects if isinstance(snapshots, str) else ()):
            if project.target and place.overlaps(_Place(index, STORE, str(snapshots), project.snapshots_prefix)):
                message = f"overlaps {project.snapshots_prefix}, the place of snapshots; write another prefix"
                yield ("projects", place.index, place.role), message


def _model_objects(projects: Sequence[ProjectSettings]) -> dict[str, int]:
    """The position of each project by the names of the objects of its model servers."""
    made = ((index, object_names(project.name, project.ml_backends)) for index, project in enumerate(projects))
    return {name: index for index, names in made for name in names}


@dataclass(frozen=True)
class _Place:
    index: int
    server: str
    bucket: str
    prefix: str
    role: str = ""

    def overlaps(self, other: _Place) -> bool:
        same_bucket = (self.server, self.bucket) == (other.server, other.bucket)
        return same_bucket and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))


def _places(index: int, project: ProjectSettings, store_bucket: str) -> Iterator[_Place]:
    for role, storage in project.storages.items():
        server = (storage.endpoint or "Amazon S3") if storage.own_account else STORE
        yield _Place(index, server, *project.location(role, store_bucket), role)


def _repetitions(key: str, values: Sequence[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield ("projects", index, key), f"is that of projects[{values.index(value)}] as well; give each its own"
