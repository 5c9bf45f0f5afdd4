"""A CloudNativePG cluster: replication, failover, and backups by the barman-cloud plugin."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import PostgresConnection, PostgresTls, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import drop_empty, service_host
from ..kubernetes.context import StackContext
from ..kubernetes.names import fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.retirement import Retirement
from ..kubernetes.upgrade_backup import UpgradeBackup
from ..settings.base import Storage
from . import cnpg_backup
from .cnpg_logins import Logins, make_logins, take_turns
from .cnpg_upgrade import upgrade_backup
from .parameter_rules import DEFAULTS
from .settings import CnpgPostgres

KIND = Kind("postgresql.cnpg.io/v1", "Cluster", "clusters", "CloudNativePG")
POD_MONITOR = Kind("monitoring.coreos.com/v1", "PodMonitor", "podmonitors", "the Prometheus operator")
# The operator's webhook takes no longer one.
LONGEST_NAME = 50
PORT = 5432
STATUS_PORT = 8000
METRICS_PORT = 9187
EXTENSIONS = ("pg_trgm", "btree_gin")


def deploy(
    name: str, settings: CnpgPostgres, context: StackContext, parent: pulumi.Resource
) -> tuple[PostgresConnection, UpgradeBackup, list[Retirement]]:
    """The cluster, which makes role, database and extensions itself when it begins."""
    logins = make_logins(name, settings, context, parent)
    server = fitted(name, LONGEST_NAME)
    own = {"cnpg.io/cluster": server}
    stores = cnpg_backup.object_stores(name, settings, context, parent)
    rollout = Rollout(
        conditions={"Ready": "True"},
        selector={**own, "cnpg.io/podRole": "instance"},
        container="postgres",
        image=context.image("cnpg_postgresql"),
        servers=settings.instances,
    )
    metadata = {"name": server, "labels": pods.labels("postgresql", name)}
    spec = _spec(name, server, settings, context, logins)
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=spec, rollout=rollout)
    running = run_operated_servers(name, context, servers, parent, after=stores)
    cnpg_backup.schedule(name, server, settings, context, ResourceOptions(parent=parent, depends_on=[running]))
    if settings.pod_monitor:
        _pod_monitor(name, own, context, parent)
    _network_policy(name, own, settings, context, parent)
    connection = PostgresConnection(
        host=service_host(f"{server}-rw", context),
        port=PORT,
        database=settings.database,
        user=logins.user,
        owner=settings.user if logins.former else None,
        password=logins.password,
        # The operator keeps the private key of its CA in the same Secret: only this key may be mounted.
        tls=PostgresTls("verify-full", SecretKey(f"{server}-ca", "ca.crt")),
        peer=ServerPods(own, PORT),
    )
    backup = upgrade_backup(name, server, settings, context, connection=connection, parent=parent)
    retirements = take_turns(name, context, connection, logins, parent, spec=spec, after=[running])
    return connection, backup, retirements


def _spec(name: str, server: str, settings: CnpgPostgres, context: StackContext, logins: Logins) -> dict[str, Any]:
    placement = context.placement
    spec: dict[str, Any] = {
        "instances": settings.instances,
        "imageName": context.image("cnpg_postgresql"),
        "inheritedMetadata": {"labels": {"app.kubernetes.io/part-of": pods.PART_OF}},
        # With one instance a budget would only block the draining of its node.
        "enablePDB": settings.instances > 1,
        **logins.fields_of_cluster(),
        "primaryUpdateStrategy": "unsupervised",
        "seccompProfile": {"type": "RuntimeDefault"},
        "storage": _storage(settings.storage),
        "resources": settings.resources.to_kubernetes(),
        "affinity": {
            "enablePodAntiAffinity": settings.instances > 1,
            "podAntiAffinityType": settings.affinity.pod_anti_affinity_type,
            "topologyKey": settings.affinity.topology_key,
            **drop_empty({"nodeSelector": placement.node_selector, "tolerations": placement.tolerations}),
        },
        "bootstrap": _bootstrap(settings, logins.owner_secret),
        "postgresql": _postgresql(settings),
        **drop_empty({"imagePullSecrets": placement.pull_secrets()}),
        **cnpg_backup.fields_of_cluster(name, server, settings),
    }
    if settings.wal_storage:
        spec["walStorage"] = _storage(settings.wal_storage)
    if settings.service_account_annotations:
        spec["serviceAccountTemplate"] = {"metadata": {"annotations": settings.service_account_annotations}}
    return spec


def _bootstrap(settings: CnpgPostgres, owner_secret: pulumi.Input[str]) -> dict[str, Any]:
    if recovery := cnpg_backup.recovery(settings, owner_secret):
        return {"recovery": recovery}
    return {
        "initdb": {
            "database": settings.database,
            "owner": settings.user,
            "secret": {"name": owner_secret},
            "dataChecksums": True,
            "encoding": "UTF8",
            "postInitApplicationSQL": [f"CREATE EXTENSION IF NOT EXISTS {item}" for item in EXTENSIONS],
        }
    }


def _postgresql(settings: CnpgPostgres) -> dict[str, Any]:
    parameters = {"parameters": {**DEFAULTS, **settings.parameters}}
    if not settings.synchronous_replicas:
        return parameters
    # Preferred: a replica that is down delays no commit.
    synchronous = {"method": "any", "number": settings.synchronous_replicas, "dataDurability": "preferred"}
    return {**parameters, "synchronous": synchronous}


def _storage(storage: Storage) -> dict[str, str]:
    return drop_empty({"size": storage.size, "storageClass": storage.storage_class})


def _pod_monitor(name: str, own: dict[str, str], context: StackContext, parent: pulumi.Resource) -> None:
    k8s.apiextensions.CustomResource(
        f"{name}-metrics",
        api_version=POD_MONITOR.api_version,
        kind=POD_MONITOR.kind,
        metadata={"name": name, "namespace": context.namespace, "labels": pods.labels("postgresql", name)},
        spec={"selector": {"matchLabels": own}, "podMetricsEndpoints": [{"port": "metrics"}]},
        opts=ResourceOptions(parent=parent),
    )


def _network_policy(
    name: str, own: dict[str, str], settings: CnpgPostgres, context: StackContext, parent: pulumi.Resource
) -> None:
    ingress = [
        network_policy.from_clients(PORT),
        network_policy.from_pods(own, PORT, STATUS_PORT),
        network_policy.from_namespace(settings.operator_namespace, PORT, STATUS_PORT),
    ]
    if settings.pod_monitor:
        ingress.append(network_policy.from_anywhere(METRICS_PORT))
    egress = [network_policy.to_pods(own, PORT, STATUS_PORT), network_policy.to_api_server()]
    peers = cnpg_backup.peers(settings, context)
    network_policy.allow(name, context, parent, own, ingress=ingress, egress=egress, peers=peers)
