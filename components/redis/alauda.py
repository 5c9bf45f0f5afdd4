"""A Redis of Alauda Data Services, with the architecture standalone.

Its pods do not meet the ``restricted`` level, so the namespace has to enforce ``baseline``. Its disruption budget
allows no disruption at all with one server: delete it for the time in which its node is drained.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, ResourceOptions

from components import network_policy, pods
from components.connections import RedisConnection, RedisTls
from components.passwords import generate_password, key_of, store_secret
from components.redis.args import AlaudaArgs
from components.service import filled, retained_options

PORT = 6379
# Of the special characters that the operator's webhook demands one of, those that need no escaping in a URL.
SPECIAL = "-_"


def deploy(name: str, args: AlaudaArgs, parent: pulumi.Resource) -> RedisConnection:
    """The resource, after the password that its webhook looks for."""
    secret = store_secret(name, args, parent, {"password": generate_password(name, args, parent, special=SPECIAL)})
    password = key_of(secret, "password")
    k8s.apiextensions.CustomResource(
        name,
        api_version="middleware.alauda.io/v1",
        kind="Redis",
        metadata={
            "name": name,
            "namespace": args.namespace,
            "labels": pods.labels("redis", name),
            "annotations": {"pulumi.com/waitFor": "jsonpath={.status.phase}=Ready"},
        },
        spec=_spec(args, password.name),
        opts=ResourceOptions.merge(
            retained_options(args, parent),
            ResourceOptions(custom_timeouts=CustomTimeouts(create="20m", update="20m")),
        ),
    )
    _network_policy(name, args, parent)
    return RedisConnection(
        # The name in the certificate (GetServiceDNSName of the operator), which has no cluster domain.
        host=pulumi.Output.concat(f"rfr-{name}-read-write.", args.namespace, ".svc"),
        port=PORT,
        database=1,
        password=password,
        # The server asks its clients for a certificate of the same CA, which its own one is.
        tls=RedisTls(f"{name}-tls", certificate_key="tls.crt", private_key_key="tls.key") if args.tls else None,
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
        "enableTLS": args.tls,
        **filled(
            {
                "persistent": filled({"storageClassName": args.storage.storage_class}),
                "nodeSelector": args.placement.node_selector,
                "tolerations": args.placement.tolerations,
            }
        ),
    }


def _network_policy(name: str, args: AlaudaArgs, parent: pulumi.Resource) -> None:
    own = {
        "app.kubernetes.io/part-of": "redis-failover",
        "app.kubernetes.io/component": "redis",
        "app.kubernetes.io/name": name,
    }
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
