"""A cluster of the Zalando operator, or of the operator of Alauda Data Services that builds on it.

Only fields that both know are sent, and the five of the latter when it is the one.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..connections import PostgresConnection, PostgresTls, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import drop_empty, service_host
from ..kubernetes.context import StackContext
from ..kubernetes.names import WORKLOAD, fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.upgrade_backup import UpgradeBackup
from .others_backup import others_backup
from .parameter_rules import DEFAULTS
from .settings import ZalandoPostgres
from .setup import prepare_database

KIND = Kind("acid.zalan.do/v1", "postgresql", "postgresqls", "the Zalando or Alauda PostgreSQL operator")
PORT = 5432
PATRONI_PORT = 8008
# User and group of PostgreSQL in the image of the operator (Spilo).
SPILO_USER = 101
SPILO_GROUP = 103
# The operator of Data Services meets the restricted level only with all five together.
RESTRICTED_PODS = {
    "restrictedPsaEnabled": True,
    "spiloPrivileged": False,
    "spiloAllowPrivilegeEscalation": False,
    "spiloRunAsUser": SPILO_USER,
    "spiloRunAsGroup": SPILO_GROUP,
}


def deploy(
    name: str, settings: ZalandoPostgres, context: StackContext, parent: pulumi.Resource
) -> tuple[PostgresConnection, UpgradeBackup]:
    """The cluster, and a job that makes the extensions as soon as the operator has made the role's Secret."""
    cluster_name = fitted(f"{settings.team_id}-{name}", WORKLOAD)
    own = {"application": "spilo", "cluster-name": cluster_name}
    rollout = Rollout(
        status={"PostgresClusterStatus": "Running"},
        selector=own,
        container="postgres",
        version=str(settings.version),
        version_variable="PGVERSION",
        stateful_sets=[cluster_name],
    )
    metadata = {"name": cluster_name, "labels": pods.labels("postgresql", name)}
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=_spec(settings, context), rollout=rollout)
    running = run_operated_servers(name, context, servers, parent)
    _network_policy(name, own, settings, context, parent)
    ca = SecretKey(settings.tls.secret_name, "ca.crt") if settings.tls else None
    connection = PostgresConnection(
        host=service_host(cluster_name, context),
        port=PORT,
        database=settings.database,
        user=settings.user,
        password=SecretKey(secret_name(settings, cluster_name), "password"),
        # The operator's own certificate is self-signed and has no CA to verify it by.
        tls=PostgresTls("verify-full", ca) if ca else PostgresTls("require"),
        peer=ServerPods(own, PORT),
    )
    # The operator starts the servers of a new version on the data of the old one, and upgrades it afterwards.
    prepare_database(f"{name}-setup", context, connection, parent, after=[running], version=settings.version)
    return connection, others_backup(settings)


def secret_name(settings: ZalandoPostgres, cluster_name: str) -> str:
    """The Secret that the operator makes for the role; names of Secrets know no underscore (pkg/cluster/util.go)."""
    return settings.secret_name_template.format(
        username=settings.user.replace("_", "-"), cluster=cluster_name, tprkind="postgresql", tprgroup="acid.zalan.do"
    )


def _spec(settings: ZalandoPostgres, context: StackContext) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "teamId": settings.team_id,
        "numberOfInstances": settings.instances,
        "postgresql": {"version": str(settings.version), "parameters": {**DEFAULTS, **settings.parameters}},
        "volume": drop_empty({"size": settings.storage.size, "storageClass": settings.storage.storage_class}),
        "resources": settings.resources.to_kubernetes(),
        "users": {settings.user: []},
        "databases": {settings.database: settings.user},
        **drop_empty({"tolerations": context.placement.tolerations, "nodeAffinity": _node_affinity(context)}),
    }
    if settings.tls:
        spec |= {"tls": {"secretName": settings.tls.secret_name, "caFile": "ca.crt"}, "spiloFSGroup": SPILO_GROUP}
    if settings.flavor == "alauda":
        spec |= RESTRICTED_PODS
    return spec


def _node_affinity(context: StackContext) -> dict[str, Any] | None:
    if not context.placement.node_selector:
        return None
    expressions = [
        {"key": key, "operator": "In", "values": [value]} for key, value in context.placement.node_selector.items()
    ]
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _network_policy(
    name: str, own: dict[str, str], settings: ZalandoPostgres, context: StackContext, parent: pulumi.Resource
) -> None:
    network_policy.allow(
        name,
        context,
        parent,
        own,
        ingress=[
            network_policy.from_clients(PORT),
            network_policy.from_pods(own, PORT, PATRONI_PORT),
            network_policy.from_namespace(settings.operator_namespace, PORT, PATRONI_PORT),
        ],
        egress=[network_policy.to_pods(own, PORT, PATRONI_PORT), network_policy.to_api_server()],
    )
