"""A CloudNativePG cluster: replication, failover, and backups by the barman-cloud plugin."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import PostgresConnection, PostgresTls, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import VolumeClaim, filled, service_host
from ..kubernetes.names import fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.passwords import generate_password, key_of, store_secret
from . import cnpg_backup
from .args import CnpgArgs

KIND = Kind("postgresql.cnpg.io/v1", "Cluster", "clusters", "CloudNativePG")
POD_MONITOR = Kind("monitoring.coreos.com/v1", "PodMonitor", "podmonitors", "the Prometheus operator")
# The operator's webhook takes no longer one.
LONGEST_NAME = 50
PORT = 5432
STATUS_PORT = 8000
METRICS_PORT = 9187
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
    server = fitted(name, LONGEST_NAME)
    own = {"cnpg.io/cluster": server}
    stores = cnpg_backup.object_stores(name, args, parent)
    rollout = Rollout(
        conditions={"Ready": "True"},
        selector={**own, "cnpg.io/podRole": "instance"},
        container="postgres",
        image=args.image,
        servers=args.instances,
    )
    metadata = {"name": server, "labels": pods.labels("postgresql", name)}
    spec = _spec(name, server, args, key_of(owner, "password").name)
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=spec, rollout=rollout)
    running = run_operated_servers(name, args, servers, parent, after=stores)
    cnpg_backup.schedule(name, server, args, parent, running)
    if args.pod_monitor:
        _pod_monitor(name, own, args, parent)
    _network_policy(name, own, args, parent)
    return PostgresConnection(
        host=service_host(f"{server}-rw", args),
        port=PORT,
        database=args.database,
        user=args.user,
        password=key_of(owner, "password"),
        # The operator keeps the private key of its CA in the same Secret: only this key may be mounted.
        tls=PostgresTls("verify-full", SecretKey(f"{server}-ca", "ca.crt")),
        peer=ServerPods(own, PORT),
    )


def _spec(name: str, server: str, args: CnpgArgs, owner_secret: pulumi.Input[str]) -> dict[str, Any]:
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
        "bootstrap": _bootstrap(args, owner_secret),
        **filled({"postgresql": _postgresql(args), "imagePullSecrets": args.placement.pull_secrets()}),
        **cnpg_backup.fields_of_cluster(name, server, args),
    }
    if args.wal_storage:
        spec["walStorage"] = _storage(args.wal_storage)
    if args.service_account_annotations:
        annotations = dict(args.service_account_annotations)
        spec["serviceAccountTemplate"] = {"metadata": {"annotations": annotations}}
    return spec


def _bootstrap(args: CnpgArgs, owner_secret: pulumi.Input[str]) -> dict[str, Any]:
    if recovery := cnpg_backup.recovery(args, owner_secret):
        return {"recovery": recovery}
    return {
        "initdb": {
            "database": args.database,
            "owner": args.user,
            "secret": {"name": owner_secret},
            "dataChecksums": True,
            "encoding": "UTF8",
            "postInitApplicationSQL": [f"CREATE EXTENSION IF NOT EXISTS {item}" for item in EXTENSIONS],
        }
    }


def _postgresql(args: CnpgArgs) -> dict[str, Any]:
    parameters = filled({"parameters": dict(args.parameters)})
    if not args.synchronous_replicas:
        return parameters
    # Preferred: a replica that is down delays no commit.
    synchronous = {"method": "any", "number": args.synchronous_replicas, "dataDurability": "preferred"}
    return {**parameters, "synchronous": synchronous}


def _storage(claim: VolumeClaim) -> dict[str, str]:
    return filled({"size": claim.size, "storageClass": claim.storage_class})


def _pod_monitor(name: str, own: dict[str, str], args: CnpgArgs, parent: pulumi.Resource) -> None:
    k8s.apiextensions.CustomResource(
        f"{name}-metrics",
        api_version=POD_MONITOR.api_version,
        kind=POD_MONITOR.kind,
        metadata={"name": name, "namespace": args.namespace, "labels": pods.labels("postgresql", name)},
        spec={"selector": {"matchLabels": own}, "podMetricsEndpoints": [{"port": "metrics"}]},
        opts=ResourceOptions(parent=parent),
    )


def _network_policy(name: str, own: dict[str, str], args: CnpgArgs, parent: pulumi.Resource) -> None:
    ingress = [
        network_policy.from_clients(PORT),
        network_policy.from_pods(own, PORT, STATUS_PORT),
        network_policy.from_namespace(args.operator_namespace, PORT, STATUS_PORT),
    ]
    if args.pod_monitor:
        ingress.append(network_policy.from_anywhere(METRICS_PORT))
    egress = [network_policy.to_pods(own, PORT, STATUS_PORT), network_policy.to_api_server()]
    network_policy.allow(name, args, parent, own, ingress=ingress, egress=egress, peers=cnpg_backup.peers(args))
