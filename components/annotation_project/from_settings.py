"""The config key ``projects``: keys at the object store, one account for all projects, a component for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pulumi import ResourceOptions

from ..connections import S3Connection, SecretKey
from ..label_studio import LabelStudio
from ..object_store import BucketGrant, ObjectStore
from ..object_store.settings import ExternalStore, S3Credentials
from ..stack.context import Translation, optional_secret_key, secret_key
from ..stack.settings import Settings
from . import (
    AccountArgs,
    AnnotationProject,
    AnnotationProjectArgs,
    ProjectsAccount,
    StorageArgs,
    bucket_grants,
)
from .args import Role
from .grants import PEOPLE
from .settings import ProjectSettings, SourceSettings, StorageSettings, TargetSettings, is_in_cluster

DEFAULT_REGION = "us-east-1"
IMAGE_USER = 1001


@dataclass(frozen=True)
class DeclaredProject:
    """A project with what people need to work with its data."""

    component: AnnotationProject
    storages: Mapping[Role, StorageArgs]

    def output(self) -> dict[str, Any]:
        """Names and places, no secrets; ``upload`` and ``export`` are for ``make upload`` and ``make export``."""
        people = {PEOPLE[role]: _place(storage.people) for role, storage in self.storages.items()}
        return {"declaration": self.component.declaration_name, "syncJob": self.component.sync_job, **people}


def project_grants(settings: Settings) -> list[BucketGrant]:
    """The keys that the object store must make for projects without an S3 account of their own."""
    return [
        grant
        for project in settings.projects
        for role, storage in _storages(project).items()
        if not storage.own_account
        for grant in bucket_grants(
            project.name,
            role,
            *project.location(role, settings.projects_bucket),
            can_delete=isinstance(storage, TargetSettings) and storage.can_delete_objects,
        )
    ]


def declare_projects(
    name: str, translation: Translation, label_studio: LabelStudio, store: ObjectStore, opts: ResourceOptions
) -> dict[str, DeclaredProject]:
    """One component for each project, and before them the account that their jobs log in with."""
    settings = translation.settings
    if not settings.projects:
        return {}
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[label_studio]))
    job: dict[str, Any] = {
        **translation.service(settings.label_studio.scheduling),
        "image": translation.image("label_studio"),
        "service": label_studio.service_name,
        "run_as_user": settings.label_studio.run_as_user or IMAGE_USER,
    }
    account = ProjectsAccount(
        f"{name}-projects",
        AccountArgs(
            **job,
            administrator_email=label_studio.administrator_email,
            administrator_password=label_studio.administrator_password,
            domain=settings.label_studio.administrator.email.rpartition("@")[2],
        ),
        after,
    )
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[account, store]))
    declared = {}
    for project in settings.projects:
        storages = {role: _storage_args(translation, project, role, store) for role in _storages(project)}
        args = AnnotationProjectArgs(
            **job,
            release=name,
            account=account.account,
            identity=project.name,
            title=project.page_title,
            description=project.description,
            label_config=project.labelling,
            storages=storages,
            page_url=label_studio.url,
            schedule=project.schedule,
        )
        declared[project.name] = DeclaredProject(AnnotationProject(f"{name}-{project.name}", args, after), storages)
    return declared


def _storages(project: ProjectSettings) -> dict[Role, StorageSettings]:
    target: dict[Role, StorageSettings] = {"target": project.target} if project.target else {}
    return {"source": project.source, **target}


def _storage_args(translation: Translation, project: ProjectSettings, role: Role, store: ObjectStore) -> StorageArgs:
    settings = translation.settings
    storage = _storages(project)[role]
    bucket, prefix = project.location(role, settings.projects_bucket)
    if storage.credentials:
        own = S3Connection(
            bucket=bucket,
            prefix=prefix,
            region=storage.region or DEFAULT_REGION,
            endpoint=storage.endpoint,
            peer=translation.s3_peer(storage.endpoint, storage.addresses),
        )
        connection = _with_key(own, storage.credentials)
        people = _with_key(own, _people_credentials(storage) or storage.credentials)
    else:
        connection = store.connections[f"{project.name}-{role}"]
        people = store.connections[f"{project.name}-{PEOPLE[role]}"]
    title = storage.title or f"{project.page_title}: {role}"
    return StorageArgs(title=title, connection=connection, people=people, options=_options(settings, storage))


def _people_credentials(storage: StorageSettings) -> S3Credentials | None:
    match storage:
        case SourceSettings():
            return storage.upload_credentials
        case TargetSettings():
            return storage.export_credentials
        case _:
            return None


def _with_key(connection: S3Connection, credentials: S3Credentials) -> S3Connection:
    return replace(
        connection,
        access_key_id=secret_key(credentials.access_key_id),
        secret_access_key=secret_key(credentials.secret_access_key),
        session_token=optional_secret_key(credentials.session_token),
    )


def _options(settings: Settings, storage: StorageSettings) -> dict[str, str | int | bool | None]:
    match storage:
        case SourceSettings():
            presigned = storage.presigned_urls
            return {
                "regex_filter": storage.file_filter_regex,
                "use_blob_urls": storage.treat_every_bucket_object_as_source,
                "recursive_scan": storage.recursive_scan,
                "presign": _browsers_reach(settings, storage) if presigned is None else presigned,
                "presign_ttl": storage.expiration_minutes,
            }
        case TargetSettings():
            return {"aws_sse_kms_key_id": storage.sse_kms_key_id, "can_delete_objects": storage.can_delete_objects}
        case _:
            return {}


def _browsers_reach(settings: Settings, storage: StorageSettings) -> bool:
    store = settings.object_store
    if not storage.own_account and not isinstance(store, ExternalStore):
        return False
    endpoint = storage.endpoint if storage.own_account or not isinstance(store, ExternalStore) else store.endpoint
    return not is_in_cluster(endpoint, settings.cluster.domain)


def _place(connection: S3Connection) -> dict[str, Any]:
    return {
        "endpoint": connection.endpoint,
        "region": connection.region,
        "bucket": connection.bucket,
        "prefix": connection.prefix,
        "accessKeyId": _secret(connection.access_key_id),
        "secretAccessKey": _secret(connection.secret_access_key),
        "sessionToken": _secret(connection.session_token),
        "ca": _secret(connection.ca),
    }


def _secret(secret: SecretKey | None) -> dict[str, Any] | None:
    return {"name": secret.name, "key": secret.key} if secret else None
