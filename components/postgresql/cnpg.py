"""A CloudNativePG cluster: replication, failover, and backups by the barman-cloud plugin."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, ResourceOptions

from components import network_policy, pods
from components.connections import PostgresConnection, PostgresTls, SecretKey
from components.passwords import generate_password, key_of, store_secret
from components.postgresql.args import BackupArgs, CnpgArgs
from components.service import VolumeClaim, filled, retained_options, service_host

PORT = 5432
STATUS_PORT = 8000
METRICS_PORT = 9187
BACKUP_PLUGIN = "barman-cloud.cloudnative-pg.io"
EXTENSIONS = ("pg_trgm", "btree_gin")


def deploy(name: str, args: CnpgArgs, parent: pulumi.Resource) -> PostgresConnection:
    """The cluster, which makes role, database and extensions itself when it begins."""
    owner = store_secret(
        f"{name}-owner",
        args,
        parent,
        {"username": args.user, "password": generate_password(f"{name}-owner", args, parent)},
        labels={"cnpg.io/reload": "true"},
    )
    archive = [_object_store(name, args, args.backup, parent)] if args.backup else []
    cluster = k8s.apiextensions.CustomResource(
        name,
        api_version="postgresql.cnpg.io/v1",
        kind="Cluster",
        metadata={
            "name": name,
            "namespace": args.namespace,
            "labels": pods.labels("postgresql", name),
            "annotations": {"pulumi.com/waitFor": "condition=Ready"},
        },
        spec=_spec(name, args, key_of(owner, "password").name),
        opts=ResourceOptions.merge(
            retained_options(args, parent),
            ResourceOptions(depends_on=archive, custom_timeouts=CustomTimeouts(create="20m", update="30m")),
        ),
    )
    if args.backup:
        _scheduled_backup(name, args, args.backup, parent, cluster)
    if args.pod_monitor:
        _pod_monitor(name, args, parent)
    _network_policy(name, args, parent)
    return PostgresConnection(
        host=service_host(f"{name}-rw", args),
        port=PORT,
        database=args.database,
        user=args.user,
        password=key_of(owner, "password"),
        # The operator keeps the private key of its CA in the same Secret: only this key may be mounted.
        tls=PostgresTls("verify-full", SecretKey(f"{name}-ca", "ca.crt")),
    )


def _spec(name: str, args: CnpgArgs, owner_secret: pulumi.Input[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "instances": args.instances,
        "imageName": args.image,
        "inheritedMetadata": {"labels": {"app.kubernetes.io/part-of": pods.PART_OF}},
        # With one instance a budget would only block the draining of its node.
        "enablePDB": args.instances > 1,
        "enableSuperuserAccess": False,
        "primaryUpdateStrategy": "unsupervised",
        "seccompProfile": {"type": "RuntimeDefault"},
        "storage": _storage(args.storage),
        "resources": args.resources,
        "affinity": {
            "enablePodAntiAffinity": args.instances > 1,
            "podAntiAffinityType": args.anti_affinity,
            "topologyKey": args.topology_key,
            **filled({"nodeSelector": args.placement.node_selector, "tolerations": args.placement.tolerations}),
        },
        "bootstrap": {
            "initdb": {
                "database": args.database,
                "owner": args.user,
                "secret": {"name": owner_secret},
                "dataChecksums": True,
                "encoding": "UTF8",
                "postInitApplicationSQL": [f"CREATE EXTENSION IF NOT EXISTS {item}" for item in EXTENSIONS],
            }
        },
        **filled({"postgresql": _postgresql(args), "imagePullSecrets": args.placement.pull_secrets()}),
    }
    if args.wal_storage:
        spec["walStorage"] = _storage(args.wal_storage)
    if args.backup:
        parameters = {"barmanObjectName": f"{name}-backup"}
        spec["plugins"] = [{"name": BACKUP_PLUGIN, "isWALArchiver": True, "parameters": parameters}]
    return spec


def _postgresql(args: CnpgArgs) -> dict[str, Any]:
    parameters = filled({"parameters": dict(args.parameters)})
    if not args.synchronous_replicas:
        return parameters
    # Preferred: a replica that is down delays no commit.
    synchronous = {"method": "any", "number": args.synchronous_replicas, "dataDurability": "preferred"}
    return {**parameters, "synchronous": synchronous}


def _storage(claim: VolumeClaim) -> dict[str, str]:
    return filled({"size": claim.size, "storageClass": claim.storage_class})


def _object_store(
    name: str, args: CnpgArgs, backup: BackupArgs, parent: pulumi.Resource
) -> k8s.apiextensions.CustomResource:
    compression = filled({"compression": backup.compression})
    configuration = filled(
        {
            "destinationPath": backup.destination_path,
            "s3Credentials": _credentials(backup),
            "endpointURL": backup.endpoint,
            "endpointCA": _reference(backup.endpoint_ca) if backup.endpoint_ca else None,
            "wal": compression,
            "data": compression,
        }
    )
    return k8s.apiextensions.CustomResource(
        f"{name}-backup",
        api_version="barmancloud.cnpg.io/v1",
        kind="ObjectStore",
        metadata={"name": f"{name}-backup", "namespace": args.namespace},
        spec={"configuration": configuration, "retentionPolicy": backup.retention},
        opts=ResourceOptions(parent=parent),
    )


def _credentials(backup: BackupArgs) -> dict[str, Any]:
    if backup.access_key_id is None or backup.secret_access_key is None:
        return {"inheritFromIAMRole": True}
    return {
        "accessKeyId": _reference(backup.access_key_id),
        "secretAccessKey": _reference(backup.secret_access_key),
    }


def _reference(secret: SecretKey) -> dict[str, pulumi.Input[str]]:
    return {"name": secret.name, "key": secret.key}


def _scheduled_backup(
    name: str, args: CnpgArgs, backup: BackupArgs, parent: pulumi.Resource, cluster: pulumi.Resource
) -> None:
    k8s.apiextensions.CustomResource(
        f"{name}-schedule",
        api_version="postgresql.cnpg.io/v1",
        kind="ScheduledBackup",
        metadata={"name": f"{name}-schedule", "namespace": args.namespace},
        spec={
            "schedule": backup.schedule,
            "immediate": True,
            "cluster": {"name": name},
            "method": "plugin",
            "pluginConfiguration": {"name": BACKUP_PLUGIN},
            "backupOwnerReference": "self",
        },
        opts=ResourceOptions(parent=parent, depends_on=[cluster]),
    )


def _pod_monitor(name: str, args: CnpgArgs, parent: pulumi.Resource) -> None:
    k8s.apiextensions.CustomResource(
        f"{name}-metrics",
        api_version="monitoring.coreos.com/v1",
        kind="PodMonitor",
        metadata={"name": name, "namespace": args.namespace, "labels": pods.labels("postgresql", name)},
        spec={"selector": {"matchLabels": _pods(name)}, "podMetricsEndpoints": [{"port": "metrics"}]},
        opts=ResourceOptions(parent=parent),
    )


def _pods(name: str) -> dict[str, str]:
    return {"cnpg.io/cluster": name}


def _network_policy(name: str, args: CnpgArgs, parent: pulumi.Resource) -> None:
    own = _pods(name)
    ingress = [
        network_policy.from_clients(PORT),
        network_policy.from_pods(own, PORT, STATUS_PORT),
        network_policy.from_namespace(args.operator_namespace, PORT, STATUS_PORT),
    ]
    if args.pod_monitor:
        ingress.append(network_policy.from_anywhere(METRICS_PORT))
    egress = [network_policy.to_pods(own, PORT, STATUS_PORT), network_policy.to_api_server()]
    if args.backup:
        egress.append(network_policy.to_anywhere(_port(args.backup.endpoint)))
    network_policy.allow(name, args, parent, own, ingress=ingress, egress=egress)


def _port(endpoint: str | None) -> int:
    url = urlsplit(endpoint or "https://s3.amazonaws.com")
    return url.port or {"http": 80, "https": 443}[url.scheme]
