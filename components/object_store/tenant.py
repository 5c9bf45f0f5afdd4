"""A tenant of the MinIO Operator: several servers, erasure coding, certificates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import drop_empty, service_host
from ..kubernetes.context import StackContext
from ..kubernetes.names import WORKLOAD, fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.passwords import generate_password, store_secret
from .grants import BucketGrant
from .settings import Pool, TenantStore
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
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_POD = {
    "fsGroupChangePolicy": "OnRootMismatch",
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def deploy(
    name: str, settings: TenantStore, context: StackContext, grants: Sequence[BucketGrant], parent: pulumi.Resource
) -> Store:
    """The tenant, and a job for each grant."""
    password = generate_password(f"{name}-root", context, parent)
    root = store_root_secret(name, context, parent, password)
    configuration = store_secret(
        f"{name}-root-configuration", context, parent, {"config.env": _config_env(password, settings)}
    )
    tenant = fitted(name, LONGEST_NAME)
    stateful_sets = [f"{tenant}-{pool.name}" for pool in settings.pools]
    if too_long := [each for each in stateful_sets if len(each) > WORKLOAD]:
        raise ValueError(f"{too_long[0]} cannot be the name of a pool's servers: give the pool a shorter name")
    own = {"v1.min.io/tenant": tenant}
    rollout = Rollout(
        status={"currentState": "Initialized", "healthStatus": "green"},
        selector=own,
        container="minio",
        image=context.image("minio"),
        stateful_sets=stateful_sets,
    )
    metadata = {"name": tenant, "labels": pods.labels("object-store", name)}
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=_spec(name, own, settings, context), rollout=rollout)
    running = run_operated_servers(name, context, servers, parent, after=[configuration])
    _disruption_budget(name, own, settings, context, parent)
    _network_policy(name, own, settings, context, parent)
    server = MinioServer(
        scheme="https",
        address=service_host(SERVICE, context),
        region=settings.region,
        versioning=settings.versioning,
        root=root,
        ca=SecretKey(settings.tls.secret_name, "ca.crt") if settings.tls else _cluster_ca(name, context, parent),
        peer=ServerPods(own, PORT),
        resource=running,
    )
    return serve_grants(name, context, server, grants, parent)


def _config_env(password: pulumi.Output[str], settings: TenantStore) -> pulumi.Output[str]:
    variables: dict[str, pulumi.Input[str]] = {
        "MINIO_ROOT_USER": ROOT,
        "MINIO_ROOT_PASSWORD": password,
        "MINIO_SITE_REGION": settings.region,
        "MINIO_BROWSER": "off",
    }
    return pulumi.Output.concat(
        *(pulumi.Output.concat(f'export {name}="', value, '"\n') for name, value in variables.items())
    )


def _spec(name: str, own: dict[str, str], settings: TenantStore, context: StackContext) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "image": context.image("minio"),
        "configuration": {"name": f"{name}-root-configuration"},
        "podManagementPolicy": "Parallel",
        "mountPath": "/export",
        "subPath": "/data",
        "requestAutoCert": settings.tls is None,
        "pools": [_pool(own, pool, context.user(USER)) for pool in settings.pools],
    }
    if context.image_pull_secrets:
        spec["imagePullSecret"] = {"name": context.image_pull_secrets[0]}
    if settings.tls:
        spec["externalCertSecret"] = [{"name": settings.tls.secret_name, "type": "kubernetes.io/tls"}]
    return spec


def _pool(own: dict[str, str], pool: Pool, user: int | None) -> dict[str, Any]:
    users = {} if user is None else {"runAsUser": user, "runAsGroup": user}
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": pool.storage.size}},
        **drop_empty({"storageClassName": pool.storage.storage_class}),
    }
    selected = {"matchLabels": {**own, "v1.min.io/pool": pool.name}}
    spread = {"labelSelector": selected, "topologyKey": "kubernetes.io/hostname"}
    preferred = {"weight": 100, "podAffinityTerm": spread}
    return {
        "name": pool.name,
        "servers": pool.servers,
        "volumesPerServer": pool.volumes_per_server,
        "volumeClaimTemplate": {"metadata": {"name": "data"}, "spec": claim},
        "resources": pool.resources.to_kubernetes(),
        **drop_empty({"nodeSelector": pool.scheduling.node_selector, "tolerations": pool.scheduling.to_kubernetes()}),
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}},
        "securityContext": {**users, **drop_empty({"fsGroup": user}), **RESTRICTED_POD},
        "containerSecurityContext": {**users, **RESTRICTED_CONTAINER},
    }


def _cluster_ca(name: str, context: StackContext, parent: pulumi.Resource) -> SecretKey:
    """The CA of the cluster, which signs the tenant's certificate, as a Secret that pods of the stack can mount."""
    published = k8s.core.v1.ConfigMap.get(
        f"{name}-cluster-ca", "default/kube-root-ca.crt", opts=ResourceOptions(parent=parent)
    )
    copy = k8s.core.v1.Secret(
        f"{name}-ca",
        metadata={"name": f"{name}-ca", "namespace": context.namespace, "labels": pods.labels("object-store", name)},
        string_data={"ca.crt": published.data.apply(lambda data: data["ca.crt"])},
        opts=ResourceOptions(parent=parent),
    )
    return SecretKey(copy.metadata.apply(lambda metadata: str(metadata.name)), "ca.crt")


def _disruption_budget(
    name: str, own: dict[str, str], settings: TenantStore, context: StackContext, parent: pulumi.Resource
) -> None:
    if sum(pool.servers for pool in settings.pools) == 1:
        return
    k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata={"name": name, "namespace": context.namespace, "labels": pods.labels("object-store", name)},
        spec={"max_unavailable": 1, "selector": {"match_labels": own}},
        opts=ResourceOptions(parent=parent),
    )


def _network_policy(
    name: str, own: dict[str, str], settings: TenantStore, context: StackContext, parent: pulumi.Resource
) -> None:
    network_policy.allow(
        name,
        context,
        parent,
        own,
        ingress=[
            network_policy.from_clients(PORT),
            network_policy.from_pods(own, PORT),
            network_policy.from_namespace(settings.operator_namespace, PORT),
        ],
        egress=[
            network_policy.to_pods(own, PORT),
            network_policy.to_namespace(settings.operator_namespace, *OPERATOR_PORTS),
            network_policy.to_api_server(),
        ],
    )
