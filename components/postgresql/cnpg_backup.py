"""Backups of a CloudNativePG cluster, and a cluster that begins with one, by the barman-cloud plugin."""

from __future__ import annotations

import datetime
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import Peer, SecretKey
from ..kubernetes.backing_service import filled
from ..kubernetes.operated import Kind
from .args import ArchiveArgs, CnpgArgs

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


def object_stores(name: str, args: CnpgArgs, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """The places that the cluster writes to and begins from; it waits for both."""
    specs: dict[str, dict[str, Any]] = {}
    if args.backup:
        compression = filled({"compression": args.backup.compression})
        configuration = {**_location(args.backup), **filled({"wal": compression, "data": compression})}
        specs["backup"] = {"configuration": configuration, "retentionPolicy": args.backup.retention}
    if args.restore:
        specs["restore"] = {"configuration": _location(args.restore)}
    return [_object_store(f"{name}-{use}", args, spec, parent) for use, spec in specs.items()]


def fields_of_cluster(name: str, server: str, args: CnpgArgs) -> dict[str, Any]:
    """What the specification of the cluster says of its backups and of its origin.

    Raises ValueError when it would write into the archive that it begins with.
    """
    fields: dict[str, Any] = {}
    if args.backup:
        fields["plugins"] = [{**_plugin(f"{name}-backup", args.backup), "isWALArchiver": True}]
    if args.restore:
        fields["externalClusters"] = [{"name": ORIGIN, "plugin": _plugin(f"{name}-restore", args.restore)}]
    if args.backup and args.restore and _folder(server, args.backup) == _folder(server, args.restore):
        raise ValueError(f"{name} would write its backups into the archive that it begins with; change server_name")
    return fields


def recovery(args: CnpgArgs, owner_secret: pulumi.Input[str]) -> dict[str, Any] | None:
    """How the cluster begins with a backup; the role that owns the database gets the password of this stack."""
    if not args.restore:
        return None
    return {
        "source": ORIGIN,
        "database": args.database,
        "owner": args.user,
        "secret": {"name": owner_secret},
        **({"recoveryTarget": {"targetTime": _moment(args.restore.target_time)}} if args.restore.target_time else {}),
    }


def schedule(name: str, server: str, args: CnpgArgs, parent: pulumi.Resource, cluster: pulumi.Resource) -> None:
    """Base backups by the clock, and the first one at once, also when another archive takes the place of one."""
    if not args.backup:
        return
    k8s.apiextensions.CustomResource(
        f"{name}-schedule",
        api_version=SCHEDULED_BACKUP.api_version,
        kind=SCHEDULED_BACKUP.kind,
        metadata={"name": f"{name}-schedule", "namespace": args.namespace},
        spec={
            "schedule": args.backup.schedule,
            "immediate": True,
            "cluster": {"name": server},
            "method": "plugin",
            "pluginConfiguration": {"name": PLUGIN},
            "backupOwnerReference": "self",
        },
        opts=ResourceOptions(
            parent=parent,
            depends_on=[cluster],
            # Nothing can be restored from an archive without a base backup, and only a new schedule begins with one.
            replacement_trigger=list(_folder(server, args.backup)),
            delete_before_replace=True,
        ),
    )


def peers(args: CnpgArgs) -> list[Peer | None]:
    """The S3 servers of backups; the plugin itself is reached by the operator, not by pods."""
    found = [archive.peer for archive in (args.backup, args.restore) if archive]
    return [peer for number, peer in enumerate(found) if peer not in found[:number]]


def _object_store(
    name: str, args: CnpgArgs, spec: dict[str, Any], parent: pulumi.Resource
) -> k8s.apiextensions.CustomResource:
    return k8s.apiextensions.CustomResource(
        name,
        api_version=OBJECT_STORE.api_version,
        kind=OBJECT_STORE.kind,
        metadata={"name": name, "namespace": args.namespace},
        spec={**spec, "instanceSidecarConfiguration": {"resources": SIDECAR_RESOURCES}},
        opts=ResourceOptions(parent=parent),
    )


def _location(archive: ArchiveArgs) -> dict[str, Any]:
    return filled(
        {
            "destinationPath": archive.destination_path,
            "s3Credentials": _credentials(archive),
            "endpointURL": archive.endpoint,
            "endpointCA": _reference(archive.endpoint_ca) if archive.endpoint_ca else None,
        }
    )


def _plugin(store: str, archive: ArchiveArgs) -> dict[str, Any]:
    parameters = filled({"barmanObjectName": store, "serverName": archive.server_name})
    return {"name": PLUGIN, "parameters": parameters}


def _folder(cluster: str, archive: ArchiveArgs) -> tuple[str | None, str, str]:
    # A cluster without a name there goes by its own, says the plugin.
    return archive.endpoint, archive.destination_path, archive.server_name or cluster


def _moment(rfc_3339: str) -> str:
    """As PostgreSQL writes it: the operator passes on a final Z, which PostgreSQL refuses (cloudnative-pg #10819)."""
    return f"{datetime.datetime.fromisoformat(rfc_3339).astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S.%f}+00"


def _credentials(archive: ArchiveArgs) -> dict[str, Any]:
    if archive.access_key_id is None or archive.secret_access_key is None:
        return {"inheritFromIAMRole": True}
    return {
        "accessKeyId": _reference(archive.access_key_id),
        "secretAccessKey": _reference(archive.secret_access_key),
    }


def _reference(secret: SecretKey) -> dict[str, pulumi.Input[str]]:
    return {"name": secret.name, "key": secret.key}
