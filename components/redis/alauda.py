"""A Redis of Alauda Data Services, with the architecture standalone.

Its pods do not meet the ``restricted`` level, so the namespace has to enforce ``baseline``. Its disruption budget
allows no disruption at all with one server: delete it for the time in which its node is drained.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..connections import RedisConnection, RedisTls, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import drop_empty
from ..kubernetes.context import StackContext
from ..kubernetes.names import fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.passwords import generate_password, key_of, store_secret
from .settings import AlaudaRedis

KIND = Kind("middleware.alauda.io/v1", "Redis", "redis", "Alauda's Redis operator")
# The longest name is that of the StatefulSet, rfr-<name>.
LONGEST_NAME = 48
PORT = 6379
# Of the special characters that the operator's webhook demands one of, those that need no escaping in a URL.
SPECIAL = "-_"


def deploy(name: str, settings: AlaudaRedis, context: StackContext, parent: pulumi.Resource) -> RedisConnection:
    """The resource, after the password that its webhook looks for."""
    secret = store_secret(
        name, context, parent, {"password": generate_password(name, context, parent, special=SPECIAL)}
    )
    password = key_of(secret, "password")
    server = fitted(name, LONGEST_NAME)
    own = _pods(server)
    metadata = {
        "name": server,
        "labels": pods.labels("redis", name),
        # In the foreground the password would go first, without which the operator's webhook refuses the update that
        # ends the deletion.
        "annotations": {"pulumi.com/deletionPropagationPolicy": "background"},
    }
    rollout = Rollout(
        status={"phase": "Ready"},
        selector=own,
        container="redis",
        version=settings.version,
        stateful_sets=[f"rfr-{server}"],
    )
    servers = OperatedServers(
        kind=KIND, metadata=metadata, spec=_spec(settings, context, password.name), rollout=rollout
    )
    run_operated_servers(name, context, servers, parent)
    _network_policy(name, own, settings, context, parent)
    return RedisConnection(
        # The name in the certificate (GetServiceDNSName of the operator), which has no cluster domain.
        host=pulumi.Output.concat(f"rfr-{server}-read-write.", context.namespace, ".svc"),
        port=PORT,
        database=1,
        password=password,
        # The server asks its clients for a certificate of the same CA, which its own one is.
        tls=RedisTls(f"{server}-tls", certificate_key="tls.crt", private_key_key="tls.key") if settings.tls else None,
        peer=ServerPods(own, PORT),
    )


def _spec(settings: AlaudaRedis, context: StackContext, password_secret: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "arch": "standalone",
        "version": settings.version,
        "passwordSecret": password_secret,
        "replicas": {"sentinel": {"master": 1}},
        "resources": settings.resources.to_kubernetes(),
        "persistentSize": settings.storage.size,
        "customConfig": {
            **settings.options,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": str(settings.max_memory_bytes),
            "maxmemory-policy": "noeviction",
        },
        "expose": {"type": "ClusterIP"},
        **drop_empty(
            {
                # The operator drops false, and every look at the cluster would show a difference.
                "enableTLS": settings.tls,
                "persistent": drop_empty({"storageClassName": settings.storage.storage_class}),
                "nodeSelector": context.placement.node_selector,
                "tolerations": context.placement.tolerations,
            }
        ),
    }


def _pods(server: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/part-of": "redis-failover",
        "app.kubernetes.io/component": "redis",
        "app.kubernetes.io/name": server,
    }


def _network_policy(
    name: str, own: dict[str, str], settings: AlaudaRedis, context: StackContext, parent: pulumi.Resource
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
        egress=[network_policy.to_pods(own, PORT), network_policy.to_api_server()],
    )
