"""Backups of a CloudNativePG cluster, and a cluster that begins with one, by the barman-cloud plugin."""

from __future__ import annotations

import datetime
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import Peer, each_once
from ..kubernetes.backing_service import drop_empty
from ..kubernetes.context import StackContext
from ..kubernetes.operated import Kind
from ..settings.base import SecretReference
from .backup_settings import BackupArchive
from .settings import CnpgPostgres

OBJECT_STORE = Kind("barmancloud.cnpg.io/v1", "ObjectStore", "objectstores", "the barman-cloud plugin of CloudNativePG")
SCHEDULED_BACKUP = Kind("postgresql.cnpg.io/v1", "ScheduledBackup", "scheduledbackups", "CloudNativePG")
PLUGIN = "barman-cloud.cloudnative-pg.io"
# How the cluster calls, in its own words, the cluster that it begins as.
ORIGIN = "origin"
# The plugin beside each server, with Barman's commands: 174Mi were the most of a small database's backup.
SIDECAR_RESOURCES = {
    "requests": {"cpu": "50m", "memory": "512Mi"},
    "limits": {"cpu": "1", "memory": "512Mi"},
}


def object_stores(
    name: str, settings: CnpgPostgres, context: StackContext, parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """The places that the cluster writes to and begins from; it waits for both."""
    specs: dict[str, dict[str, Any]] = {}
    if backup := settings.backup:
        compression = {} if backup.compression == "none" else {"compression": backup.compression}
        configuration = {**_location(backup), **drop_empty({"wal": compression, "data": compression})}
        specs["backup"] = {"configuration": configuration, "retentionPolicy": backup.retention}
    if settings.restore:
        specs["restore"] = {"configuration": _location(settings.restore)}
    return [_object_store(f"{name}-{use}", context, spec, parent) for use, spec in specs.items()]


def fields_of_cluster(name: str, server: str, settings: CnpgPostgres) -> dict[str, Any]:
    """What the specification of the cluster says of its backups and of its origin.

    Raises ValueError when it would write into the archive that it begins with, as far as both are known by now.
    """
    fields: dict[str, Any] = {}
    if settings.backup:
        fields["plugins"] = [{**_plugin(f"{name}-backup", settings.backup), "isWALArchiver": True}]
    if settings.restore:
        fields["externalClusters"] = [{"name": ORIGIN, "plugin": _plugin(f"{name}-restore", settings.restore)}]
    if settings.backup and settings.restore and _folder(server, settings.backup) == _folder(server, settings.restore):
        raise ValueError(f"{name} would write its backups into the archive that it begins with; change server_name")
    return fields


def recovery(settings: CnpgPostgres, owner_secret: pulumi.Input[str]) -> dict[str, Any] | None:
    """How the cluster begins with a backup; the role that owns the database gets the password of this stack."""
    if not settings.restore:
        return None
    moment = settings.restore.target_time
    return {
        "source": ORIGIN,
        "database": settings.database,
        "owner": settings.user,
        "secret": {"name": owner_secret},
        **({"recoveryTarget": {"targetTime": _moment(moment)}} if moment else {}),
    }


def schedule(name: str, server: str, settings: CnpgPostgres, context: StackContext, opts: ResourceOptions) -> None:
    """Base backups by the clock, and the first one at once, also when another archive takes the place of one."""
    if not settings.backup:
        return
    k8s.apiextensions.CustomResource(
        f"{name}-schedule",
        api_version=SCHEDULED_BACKUP.api_version,
        kind=SCHEDULED_BACKUP.kind,
        metadata={"name": f"{name}-schedule", "namespace": context.namespace},
        spec={
            "schedule": settings.backup.schedule,
            "immediate": True,
            "cluster": {"name": server},
            "method": "plugin",
            "pluginConfiguration": {"name": PLUGIN},
            "backupOwnerReference": "self",
        },
        opts=ResourceOptions.merge(
            opts,
            # Nothing can be restored from an archive without a base backup, and only a new schedule begins with one.
            ResourceOptions(replacement_trigger=list(_folder(server, settings.backup)), delete_before_replace=True),
        ),
    )


def peers(settings: CnpgPostgres, context: StackContext) -> list[Peer | None]:
    """The S3 servers of backups; the plugin itself is reached by the operator, not by pods."""
    archives = [archive for archive in (settings.backup, settings.restore) if archive]
    return each_once(context.s3_peer(archive.endpoint, archive.addresses) for archive in archives)


def _object_store(
    name: str, context: StackContext, spec: dict[str, Any], parent: pulumi.Resource
) -> k8s.apiextensions.CustomResource:
    return k8s.apiextensions.CustomResource(
        name,
        api_version=OBJECT_STORE.api_version,
        kind=OBJECT_STORE.kind,
        metadata={"name": name, "namespace": context.namespace},
        spec={**spec, "instanceSidecarConfiguration": {"resources": SIDECAR_RESOURCES}},
        opts=ResourceOptions(parent=parent),
    )


def _location(archive: BackupArchive) -> dict[str, Any]:
    return drop_empty(
        {
            "destinationPath": archive.destination_path,
            "s3Credentials": _credentials(archive),
            "endpointURL": archive.endpoint,
            "endpointCA": _reference(archive.endpoint_ca) if archive.endpoint_ca else None,
        }
    )


def _plugin(store: str, archive: BackupArchive) -> dict[str, Any]:
    parameters = drop_empty({"barmanObjectName": store, "serverName": archive.server_name})
    return {"name": PLUGIN, "parameters": parameters}


def _folder(cluster: str, archive: BackupArchive) -> tuple[pulumi.Input[str] | None, pulumi.Input[str], str]:
    # A cluster without a name there goes by its own, says the plugin.
    return archive.endpoint, archive.destination_path, archive.server_name or cluster


def _moment(rfc_3339: str) -> str:
    """As PostgreSQL writes it: the operator passes on a final Z, which PostgreSQL refuses (cloudnative-pg #10819)."""
    return f"{datetime.datetime.fromisoformat(rfc_3339).astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S.%f}+00"


def _credentials(archive: BackupArchive) -> dict[str, Any]:
    if archive.credentials is None:
        return {"inheritFromIAMRole": True}
    return {
        "accessKeyId": _reference(archive.credentials.access_key_id),
        "secretAccessKey": _reference(archive.credentials.secret_access_key),
    }


def _reference(secret: SecretReference) -> dict[str, pulumi.Input[str]]:
    return {"name": secret.secret_name, "key": secret.secret_key}
