"""A cluster of the Zalando operator, or of the operator of Alauda Data Services that builds on it.

Only fields that both know are sent, and the five of the latter when it is the one.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..connections import PostgresConnection, PostgresTls, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import filled, service_host
from ..kubernetes.names import WORKLOAD, fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from .args import ZalandoArgs
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


def deploy(name: str, args: ZalandoArgs, parent: pulumi.Resource) -> PostgresConnection:
    """The cluster, and a job that makes the extensions as soon as the operator has made the role's Secret."""
    cluster_name = fitted(f"{args.team}-{name}", WORKLOAD)
    own = {"application": "spilo", "cluster-name": cluster_name}
    rollout = Rollout(
        status={"PostgresClusterStatus": "Running"},
        selector=own,
        container="postgres",
        version=str(args.version),
        version_variable="PGVERSION",
        stateful_sets=[cluster_name],
    )
    metadata = {"name": cluster_name, "labels": pods.labels("postgresql", name)}
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=_spec(args), rollout=rollout)
    running = run_operated_servers(name, args, servers, parent)
    _network_policy(name, own, args, parent)
    ca = SecretKey(args.tls_secret, "ca.crt") if args.tls_secret else None
    connection = PostgresConnection(
        host=service_host(cluster_name, args),
        port=PORT,
        database=args.database,
        user=args.user,
        password=SecretKey(secret_name(args, cluster_name), "password"),
        # The operator's own certificate is self-signed and has no CA to verify it by.
        tls=PostgresTls("verify-full", ca) if ca else PostgresTls("require"),
        peer=ServerPods(own, PORT),
    )
    # The operator starts the servers of a new version on the data of the old one, and upgrades it afterwards.
    prepare_database(f"{name}-setup", args, connection, parent, after=[running], version=args.version)
    return connection


def secret_name(args: ZalandoArgs, cluster_name: str) -> str:
    """The Secret that the operator makes for the role; names of Secrets know no underscore (pkg/cluster/util.go)."""
    return args.secret_name_template.format(
        username=args.user.replace("_", "-"), cluster=cluster_name, tprkind="postgresql", tprgroup="acid.zalan.do"
    )


def _spec(args: ZalandoArgs) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "teamId": args.team,
        "numberOfInstances": args.instances,
        "postgresql": {"version": str(args.version), **filled({"parameters": dict(args.parameters)})},
        "volume": filled({"size": args.storage.size, "storageClass": args.storage.storage_class}),
        "resources": args.resources,
        "users": {args.user: []},
        "databases": {args.database: args.user},
        **filled({"tolerations": args.placement.tolerations, "nodeAffinity": _node_affinity(args)}),
    }
    if args.tls_secret:
        spec |= {"tls": {"secretName": args.tls_secret, "caFile": "ca.crt"}, "spiloFSGroup": SPILO_GROUP}
    if args.flavor == "alauda":
        spec |= RESTRICTED_PODS
    return spec


def _node_affinity(args: ZalandoArgs) -> dict[str, Any] | None:
    if not args.placement.node_selector:
        return None
    expressions = [
        {"key": key, "operator": "In", "values": [value]} for key, value in args.placement.node_selector.items()
    ]
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _network_policy(name: str, own: dict[str, str], args: ZalandoArgs, parent: pulumi.Resource) -> None:
    network_policy.allow(
        name,
        args,
        parent,
        own,
        ingress=[
            network_policy.from_clients(PORT),
            network_policy.from_pods(own, PORT, PATRONI_PORT),
            network_policy.from_namespace(args.operator_namespace, PORT, PATRONI_PORT),
        ],
        egress=[network_policy.to_pods(own, PORT, PATRONI_PORT), network_policy.to_api_server()],
    )
