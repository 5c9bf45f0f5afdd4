"""A Redis of Alauda Data Services, with the architecture standalone.

Its pods do not meet the ``restricted`` level, so the namespace has to enforce ``baseline``. Its disruption budget
allows no disruption at all with one server: delete it for the time in which its node is drained.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..connections import RedisConnection, RedisTls, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import filled
from ..kubernetes.names import fitted
from ..kubernetes.operated import Kind, OperatedServers, Rollout, run_operated_servers
from ..kubernetes.passwords import generate_password, key_of, store_secret
from .args import AlaudaArgs

KIND = Kind("middleware.alauda.io/v1", "Redis", "redis", "Alauda's Redis operator")
# The longest name is that of the StatefulSet, rfr-<name>.
LONGEST_NAME = 48
PORT = 6379
# Of the special characters that the operator's webhook demands one of, those that need no escaping in a URL.
SPECIAL = "-_"


def deploy(name: str, args: AlaudaArgs, parent: pulumi.Resource) -> RedisConnection:
    """The resource, after the password that its webhook looks for."""
    secret = store_secret(name, args, parent, {"password": generate_password(name, args, parent, special=SPECIAL)})
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
        version=args.version,
        stateful_sets=[f"rfr-{server}"],
    )
    servers = OperatedServers(kind=KIND, metadata=metadata, spec=_spec(args, password.name), rollout=rollout)
    run_operated_servers(name, args, servers, parent)
    _network_policy(name, own, args, parent)
    return RedisConnection(
        # The name in the certificate (GetServiceDNSName of the operator), which has no cluster domain.
        host=pulumi.Output.concat(f"rfr-{server}-read-write.", args.namespace, ".svc"),
        port=PORT,
        database=1,
        password=password,
        # The server asks its clients for a certificate of the same CA, which its own one is.
        tls=RedisTls(f"{server}-tls", certificate_key="tls.crt", private_key_key="tls.key") if args.tls else None,
        peer=ServerPods(own, PORT),
    )


def _spec(args: AlaudaArgs, password_secret: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "arch": "standalone",
        "version": args.version,
        "passwordSecret": password_secret,
        "replicas": {"sentinel": {"master": 1}},
        "resources": args.resources,
        "persistentSize": args.storage.size,
        "customConfig": {
            **args.options,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": str(args.max_memory),
            "maxmemory-policy": "noeviction",
        },
        "expose": {"type": "ClusterIP"},
        **filled(
            {
                # The operator drops false, and every look at the cluster would show a difference.
                "enableTLS": args.tls,
                "persistent": filled({"storageClassName": args.storage.storage_class}),
                "nodeSelector": args.placement.node_selector,
                "tolerations": args.placement.tolerations,
            }
        ),
    }


def _pods(server: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/part-of": "redis-failover",
        "app.kubernetes.io/component": "redis",
        "app.kubernetes.io/name": server,
    }


def _network_policy(name: str, own: dict[str, str], args: AlaudaArgs, parent: pulumi.Resource) -> None:
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
        egress=[network_policy.to_pods(own, PORT), network_policy.to_api_server()],
    )
