"""The storages of a declared project: where they are, with which keys, and as what Label Studio gets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..connections import S3Connection
from ..kubernetes.context import StackContext
from ..object_store.settings import ExternalStore, ObjectStoreSettings, S3Credentials
from .args import ProjectStorage, Role
from .grants import PEOPLE, SNAPSHOTS
from .settings import ProjectSettings, SourceSettings, StorageSettings, TargetSettings, is_in_cluster

DEFAULT_REGION = "us-east-1"


def project_storages(
    project: ProjectSettings,
    bucket: str,
    store: ObjectStoreSettings,
    connections: Mapping[str, S3Connection],
    context: StackContext,
) -> dict[Role, ProjectStorage]:
    """The storages by their role; ``bucket`` is that of projects that name none, ``connections`` are the store's."""
    return {
        role: ProjectStorage(
            title=storage.title or f"{project.page_title}: {role}",
            **_connections(project, role, bucket, connections, context),
            options=_options(storage, store, context),
        )
        for role, storage in project.storages.items()
    }


def _connections(
    project: ProjectSettings,
    role: Role,
    store_bucket: str,
    connections: Mapping[str, S3Connection],
    context: StackContext,
) -> dict[str, S3Connection]:
    storage = project.storages[role]
    if not storage.credentials:
        return {
            "connection": connections[f"{project.name}-{role}"],
            "user_connection": connections[f"{project.name}-{PEOPLE[role]}"],
        }
    bucket, prefix = project.location(role, store_bucket)
    own = S3Connection(
        bucket=bucket,
        prefix=prefix,
        region=storage.region or DEFAULT_REGION,
        endpoint=storage.endpoint,
        peer=context.s3_peer(storage.endpoint, storage.addresses),
    )
    return {
        "connection": _with_key(own, storage.credentials),
        "user_connection": _with_key(own, _user_credentials(storage) or storage.credentials),
    }


def snapshot_connections(
    project: ProjectSettings,
    bucket: str,
    connections: Mapping[str, S3Connection],
    storages: Mapping[Role, ProjectStorage],
) -> dict[str, S3Connection]:
    """Where snapshots are, and the versions of data that they name; nothing where no key for them was granted."""
    snapshots = connections.get(f"{project.name}-{SNAPSHOTS}")
    if snapshots is None:
        return {}
    if project.source.own_account:
        return {"snapshots": snapshots, "versions": storages["source"].connection}
    place = project.location("source", bucket)
    return {"snapshots": snapshots, "versions": replace(snapshots, bucket=place[0], prefix=place[1])}


def _user_credentials(storage: StorageSettings) -> S3Credentials | None:
    match storage:
        case SourceSettings():
            return storage.upload_credentials
        case TargetSettings():
            return storage.export_credentials
        case _:
            raise TypeError(f"{type(storage).__name__} is neither a source nor a target")


def _with_key(connection: S3Connection, credentials: S3Credentials) -> S3Connection:
    return replace(
        connection,
        access_key_id=credentials.access_key_id.key,
        secret_access_key=credentials.secret_access_key.key,
        session_token=credentials.session_token.key if credentials.session_token else None,
    )


def _options(
    storage: StorageSettings, store: ObjectStoreSettings, context: StackContext
) -> dict[str, str | int | bool | None]:
    match storage:
        case SourceSettings():
            presigned = storage.presigned_urls
            return {
                "regex_filter": storage.object_filter,
                "use_blob_urls": storage.treat_every_bucket_object_as_source,
                "recursive_scan": storage.recursive_scan,
                "presign": _browsers_reach(storage, store, context) if presigned is None else presigned,
                "presign_ttl": storage.expiration_minutes,
            }
        case TargetSettings():
            return {"aws_sse_kms_key_id": storage.sse_kms_key_id, "can_delete_objects": storage.can_delete_objects}
        case _:
            raise TypeError(f"{type(storage).__name__} is neither a source nor a target")


def _browsers_reach(storage: StorageSettings, store: ObjectStoreSettings, context: StackContext) -> bool:
    if storage.own_account:
        return not is_in_cluster(storage.endpoint, context.cluster_domain)
    if not isinstance(store, ExternalStore):
        return False
    # Of a server whose address is known later, nobody can tell; a browser may reach it.
    endpoint = store.endpoint if isinstance(store.endpoint, str | None) else None
    return not is_in_cluster(endpoint, context.cluster_domain)
