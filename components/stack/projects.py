"""The declared projects of a stack: one account for all of them, and a component for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi import ResourceOptions

from ..annotation_project import AnnotationProject, ProjectsAccount
from ..annotation_project.args import Account, Administrator, Page, ProjectStorage, Role, storage_peers
from ..annotation_project.grants import ARCHIVES, PEOPLE
from ..annotation_project.settings import ProjectSettings
from ..annotation_project.storages import project_storages, snapshot_connections
from ..annotation_project.webhook_settings import EXPORT_DONE, WebhookSettings, webhook_peer
from ..connections import Peer, S3Connection, SecretKey, each_once
from ..kubernetes.context import StackContext
from ..label_studio import LabelStudio
from ..object_store import ObjectStore
from .settings import Settings

IMAGE_USER = 1001


@dataclass(frozen=True)
class DeclaredProject:
    """A project with what people need to work with its data."""

    component: AnnotationProject
    account: Account
    storages: Mapping[Role, ProjectStorage]
    snapshots: Mapping[str, S3Connection] = field(default_factory=dict)

    def output(self) -> dict[str, Any]:
        """Names and places, no secrets.

        ``upload`` and ``export`` are for the commands of these names; ``make download`` reads ``export`` and ``data``.
        ``snapshots`` and ``versions`` are there where the object store may keep versions.
        """
        places = {PEOPLE[role]: place_output(storage.user_connection) for role, storage in self.storages.items()}
        # Label Studio's own key, which may read and no more: whoever uploads cannot read what others uploaded.
        places["data"] = place_output(self.storages["source"].connection)
        return {
            "declaration": self.component.declaration_name,
            "syncJob": self.component.sync_job,
            **({"exportJobs": self.component.export_jobs} if self.component.export_jobs else {}),
            "account": {"email": secret_output(self.account.email), "password": secret_output(self.account.password)},
            **places,
            **{name: place_output(connection) for name, connection in self.snapshots.items()},
        }


def declare_projects(  # noqa: PLR0913 - what a stack has
    name: str,
    settings: Settings,
    context: StackContext,
    opts: ResourceOptions,
    *,
    label_studio: LabelStudio,
    store: ObjectStore,
) -> dict[str, DeclaredProject]:
    """One component for each project, and before them the account that their jobs log in with."""
    if not settings.projects:
        return {}
    context = context.scheduled(settings.label_studio.scheduling)
    page = Page(
        release=name,
        service=label_studio.service_name,
        url=label_studio.url,
        user=settings.label_studio.run_as_user or IMAGE_USER,
    )
    administrator = Administrator(
        email=label_studio.administrator_email,
        password=label_studio.administrator_password,
        domain=settings.label_studio.administrator.email.rpartition("@")[2],
    )
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[label_studio]))
    storages = {
        project.name: project_storages(
            project, settings.projects_bucket, settings.object_store, store.connections, context
        )
        for project in settings.projects
    }
    peers = storage_peers(storage for each in storages.values() for storage in each.values())
    account = ProjectsAccount(f"{name}-projects", administrator, page, context, after, peers=peers)
    after = ResourceOptions.merge(opts, ResourceOptions(depends_on=[account, store]))
    declared = {}
    for project in settings.projects:
        component = AnnotationProject(
            f"{name}-{project.name}",
            project,
            context,
            after,
            storages=storages[project.name],
            account=account.account,
            page=page,
            receivers=_receivers(project, settings, context),
            archives=store.connections.get(f"{project.name}-{ARCHIVES}"),
            told_of_exports=_told_of_exports(project, settings, context),
            model_urls=settings.model_urls(name, project),
            models_elsewhere=_models_elsewhere(project, settings, context),
        )
        of_project = storages[project.name]
        snapshots = snapshot_connections(project, settings.projects_bucket, store.connections, of_project)
        declared[project.name] = DeclaredProject(component, account.account, of_project, snapshots)
    return declared


def _receivers(project: ProjectSettings, settings: Settings, context: StackContext) -> list[Peer | None]:
    """The receivers of Label Studio's own events that ``outbound`` does not open."""
    return _closed([it for it in project.webhooks if {*it.actions} - {EXPORT_DONE}], settings, context)


def _models_elsewhere(project: ProjectSettings, settings: Settings, context: StackContext) -> list[Peer | None]:
    """The model servers that the stack does not run and that ``outbound`` does not open."""
    return _closed([found for it in project.ml_backends if (found := it.receiver())], settings, context)


def _closed(receivers: Sequence[WebhookSettings], settings: Settings, context: StackContext) -> list[Peer | None]:
    """Where those are that ``outbound`` does not open."""
    outbound, domain = settings.label_studio.outbound, settings.cluster.domain
    return each_once(webhook_peer(it, outbound, context) for it in receivers if it.addresses or it.is_private(domain))


def _told_of_exports(project: ProjectSettings, settings: Settings, context: StackContext) -> list[Peer | None]:
    outbound = settings.label_studio.outbound
    return [webhook_peer(it, outbound, context) for it in project.webhooks if EXPORT_DONE in it.actions]


def place_output(connection: S3Connection) -> dict[str, Any]:
    """Where a bucket is and which Secrets have its key, as outputs have it."""
    return {
        "endpoint": connection.endpoint,
        "region": connection.region,
        "bucket": connection.bucket,
        "prefix": connection.prefix,
        "accessKeyId": secret_output(connection.access_key_id),
        "secretAccessKey": secret_output(connection.secret_access_key),
        "sessionToken": secret_output(connection.session_token),
        "ca": secret_output(connection.ca),
    }


def secret_output(secret: SecretKey | None) -> dict[str, Any] | None:
    """A reference to a Secret, as outputs have it."""
    return {"name": secret.name, "key": secret.key} if secret else None
