"""A tenant of the MinIO Operator: several servers, erasure coding, certificates."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import filled, service_host
from ..kubernetes.names import WORKLOAD, fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.passwords import generate_password, store_secret
from .args import PoolArgs, TenantArgs
from .store import (
    ROOT,
    USER,
    MinioServer,
    Store,
    serve_grants,
    store_root_secret,
)

KIND = Kind("minio.min.io/v2", "Tenant", "tenants", "the MinIO Operator")
# The operator calls a pool's StatefulSet <tenant>-<pool>; this leaves room for pool-0 and its like.
LONGEST_NAME = 45
PORT = 9000
# The operator calls the Service of every tenant so, wherefore only one fits in a namespace.
SERVICE = "minio"
OPERATOR_PORTS = (4221, 4223)
# The root file system stays writable: the operator's own containers share this context, and write to it.
RESTRICTED_CONTAINER = {
    "runAsUser": USER,
    "runAsGroup": USER,
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_POD = {
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def deploy(name: str, args: TenantArgs, parent: pulumi.Resource) -> Store:
    """The tenant, and a job for each grant."""
    password = generate_password(f"{name}-root", args, parent)
    root = store_root_secret(name, args, parent, password)
    configuration = store_secret(
        f"{name}-root-configuration", args, parent, {"config.env": _config_env(password, args)}
    )
    tenant = fitted(name, LONGEST_NAME)
    stateful_sets = [f"{tenant}-{pool.name}" for pool in args.pools]
    if too_long := [each for each in stateful_sets if len(each) > WORKLOAD]:
        raise ValueError(f"{too_long[0]} cannot be the name of a pool's servers: give the pool a shorter name")
    own = {"v1.min.io/tenant": tenant}
    rollout = Rollout(
        status={"currentState": "Initialized", "healthStatus": "green"},
        selector=own,
        container="minio",
        image=args.image,
        stateful_sets=stateful_sets,
    )
    metadata = {"name": tenant, "labels": pods.labels("object-store", name)}
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=_spec(name, own, args), rollout=rollout)
    running = run_operated_servers(name, args, servers, parent, after=[configuration])
    _disruption_budget(name, own, args, parent)
    _network_policy(name, own, args, parent)
    server = MinioServer(
        scheme="https",
        address=service_host(SERVICE, args),
        root=root,
        ca=SecretKey(args.tls_secret, "ca.crt") if args.tls_secret else _cluster_ca(name, args, parent),
        peer=ServerPods(own, PORT),
        resource=running,
    )
    return serve_grants(name, args, server, parent)


def _config_env(password: pulumi.Output[str], args: TenantArgs) -> pulumi.Output[str]:
    variables: dict[str, pulumi.Input[str]] = {
        "MINIO_ROOT_USER": ROOT,
        "MINIO_ROOT_PASSWORD": password,
        "MINIO_SITE_REGION": args.region,
        "MINIO_BROWSER": "off",
    }
    return pulumi.Output.concat(
        *(pulumi.Output.concat(f'export {name}="', value, '"\n') for name, value in variables.items())
    )


def _spec(name: str, own: dict[str, str], args: TenantArgs) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "image": args.image,
        "configuration": {"name": f"{name}-root-configuration"},
        "podManagementPolicy": "Parallel",
        "mountPath": "/export",
        "subPath": "/data",
        "requestAutoCert": not args.tls_secret,
        "pools": [_pool(own, pool) for pool in args.pools],
    }
    if args.placement.image_pull_secrets:
        spec["imagePullSecret"] = {"name": args.placement.image_pull_secrets[0]}
    if args.tls_secret:
        spec["externalCertSecret"] = [{"name": args.tls_secret, "type": "kubernetes.io/tls"}]
    return spec


def _pool(own: dict[str, str], pool: PoolArgs) -> dict[str, Any]:
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": pool.storage.size}},
        **filled({"storageClassName": pool.storage.storage_class}),
    }
    selected = {"matchLabels": {**own, "v1.min.io/pool": pool.name}}
    spread = {"labelSelector": selected, "topologyKey": "kubernetes.io/hostname"}
    preferred = {"weight": 100, "podAffinityTerm": spread}
    return {
        "name": pool.name,
        "servers": pool.servers,
        "volumesPerServer": pool.volumes_per_server,
        "volumeClaimTemplate": {"metadata": {"name": "data"}, "spec": claim},
        "resources": pool.resources,
        **filled({"nodeSelector": pool.node_selector, "tolerations": pool.tolerations}),
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}},
        "securityContext": RESTRICTED_POD,
        "containerSecurityContext": RESTRICTED_CONTAINER,
    }


def _cluster_ca(name: str, args: TenantArgs, parent: pulumi.Resource) -> SecretKey:
    """The CA of the cluster, which signs the tenant's certificate, as a Secret that pods of the stack can mount."""
    published = k8s.core.v1.ConfigMap.get(
        f"{name}-cluster-ca", "default/kube-root-ca.crt", opts=ResourceOptions(parent=parent)
    )
    copy = k8s.core.v1.Secret(
        f"{name}-ca",
        metadata={"name": f"{name}-ca", "namespace": args.namespace, "labels": pods.labels("object-store", name)},
        string_data={"ca.crt": published.data.apply(lambda data: data["ca.crt"])},
        opts=ResourceOptions(parent=parent),
    )
    return SecretKey(copy.metadata.apply(lambda metadata: str(metadata.name)), "ca.crt")


def _disruption_budget(name: str, own: dict[str, str], args: TenantArgs, parent: pulumi.Resource) -> None:
    if sum(pool.servers for pool in args.pools) == 1:
        return
    k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata={"name": name, "namespace": args.namespace, "labels": pods.labels("object-store", name)},
        spec={"max_unavailable": 1, "selector": {"match_labels": own}},
        opts=ResourceOptions(parent=parent),
    )


def _network_policy(name: str, own: dict[str, str], args: TenantArgs, parent: pulumi.Resource) -> None:
    network_policy.allow(
        name,
        args,
        parent,
        own,
        ingress=[
            network_policy.from_clients(PORT),
            network_policy.from_pods(own, PORT),
            network_policy.from_namespace(args.operator_namespace, PORT),
        ],
        egress=[
            network_policy.to_pods(own, PORT),
            network_policy.to_namespace(args.operator_namespace, *OPERATOR_PORTS),
            network_policy.to_api_server(),
        ],
    )
