"""Arguments of LabelStudio for every combination of backends, and what the component makes of them."""

from __future__ import annotations

from typing import Any

import pulumi

from components.connections import (
    Outside,
    PostgresConnection,
    PostgresTls,
    RedisConnection,
    RedisTls,
    S3Connection,
    SecretKey,
    ServerPods,
)
from components.kubernetes.context import StackContext
from components.label_studio import Connections, LabelStudio, LabelStudioSettings
from components.label_studio.access_settings import Ingress, IngressTls
from components.label_studio.args import LabelStudioArgs
from components.label_studio.settings import Administrator, S3Persistence, VolumePersistence, Worker
from components.settings.base import Resources
from components.settings.images import ImageSettings
from tests.unit.pulumi_mocks import Program, run_program

RELEASE = "kubernetes:helm.sh/v3:Release"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
HOST = "label-studio.example.com"
NAME = "demo"
SIZE = Resources(cpu_request="500m", cpu_limit="2", memory="2Gi")
RESOURCES = {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}

POSTGRESQL = {
    "plain": PostgresConnection(
        "pg.example.com",
        5433,
        "labelstudio",
        "app",
        SecretKey("pg-user", "password"),
        peer=Outside(["10.1.0.0/24"], 5433),
    ),
    "encrypted": PostgresConnection(
        "pg.example.com",
        5432,
        "labelstudio",
        "app",
        SecretKey("pg-user", "password"),
        PostgresTls("require"),
        Outside(["10.1.0.0/24"], 5432),
    ),
    "verified": PostgresConnection(
        "pg.ls.svc.cluster.local",
        5432,
        "labelstudio",
        "app",
        SecretKey("pg-app", "password"),
        PostgresTls("verify-full", SecretKey("pg-ca", "ca.crt")),
        ServerPods({"cnpg.io/cluster": "pg"}, 5432),
    ),
}
REDIS = {
    "none": None,
    "plain": RedisConnection(
        "redis.ls.svc.cluster.local", 6379, 1, SecretKey("redis", "password"), peer=ServerPods({"app": "redis"}, 6379)
    ),
    "open": RedisConnection("redis.example.com", 6380, 0, peer=Outside(["10.2.0.7/32"], 6380)),
    "tls": RedisConnection(
        "redis.example.com",
        6380,
        2,
        SecretKey("redis", "password"),
        "app",
        RedisTls("redis-tls", "required", "ca.crt", "tls.crt", "tls.key"),
        Outside(["10.2.0.7/32"], 6380),
    ),
}
S3 = {
    "store": S3Connection(
        "uploads",
        "us-east-1",
        "http://store.ls.svc.cluster.local:9000",
        "uploads/",
        SecretKey("store-uploads", "accessKeyId"),
        SecretKey("store-uploads", "secretAccessKey"),
        peer=ServerPods({"app": "store"}, 9000),
    ),
    "tenant": S3Connection(
        "uploads",
        "us-east-1",
        "https://minio.ls.svc.cluster.local",
        "",
        SecretKey("store-uploads", "accessKeyId"),
        SecretKey("store-uploads", "secretAccessKey"),
        None,
        SecretKey("store-ca", "public.crt"),
        ServerPods({"v1.min.io/tenant": "store"}, 9000),
    ),
    "amazon": S3Connection("uploads", "eu-central-1", peer=Outside(["internet"], 443)),
    "session": S3Connection(
        "uploads",
        "eu-central-1",
        None,
        "",
        SecretKey("aws", "id"),
        SecretKey("aws", "key"),
        SecretKey("aws", "token"),
        peer=Outside(["internet"], 443),
    ),
}
VOLUMES = {
    "once": VolumePersistence(size="20Gi", storage_class="fast"),
    "many": VolumePersistence(size="20Gi", access_mode="ReadWriteMany"),
}
INGRESS = Ingress(
    host=HOST,
    tls=(IngressTls(secret_name="certificate-secret"),),
    class_name="traefik",
    annotations={"example.com/owner": "team"},
)
OF_CONNECTIONS = {"postgresql", "redis", "s3", "storage_endpoints"}
OF_THE_CONTEXT = {"network_policies", "protect", "ingress_namespace", "image"}


def arguments(**changes: Any) -> LabelStudioArgs:
    """Arguments of a small installation on a volume, without Redis, that differ by ``changes``."""
    connections = {key: value for key, value in changes.items() if key in OF_CONNECTIONS}
    uploads = connections.pop("s3", None)
    of_the_stack = {key: value for key, value in changes.items() if key in OF_THE_CONTEXT}
    image = of_the_stack.pop("image", "docker.io/heartexlabs/label-studio:1.23.2")
    settings: dict[str, Any] = {
        "administrator": Administrator(email="admin@example.com"),
        **dict.fromkeys(("resources", "nginx_resources", "migration_resources"), SIZE),
        "worker": Worker(replicas=1, resources=SIZE),
        "uwsgi_processes": 4,
        "persistence": S3Persistence(type="s3") if uploads else VOLUMES["once"],
        **{key: value for key, value in changes.items() if key not in OF_CONNECTIONS | OF_THE_CONTEXT},
    }
    return LabelStudioArgs(
        settings=LabelStudioSettings(**settings),
        connections=Connections(**{"postgresql": POSTGRESQL["plain"], "uploads": uploads, **connections}),
        context=StackContext(namespace="ls", images=ImageSettings(label_studio=image), **of_the_stack),
    )


def deploy(args: LabelStudioArgs, name: str = NAME, opts: pulumi.ResourceOptions | None = None) -> LabelStudio:
    """The component."""
    return LabelStudio(name, args.settings, args.connections, args.context, opts)


def program(args: LabelStudioArgs, name: str = NAME) -> Program:
    """What LabelStudio registers."""
    return run_program(lambda: deploy(args, name))


def release_values(args: LabelStudioArgs, name: str = NAME) -> dict[str, Any]:
    """The values of the Helm release, as the Kubernetes provider gets them."""
    values: dict[str, Any] = program(args, name).one(RELEASE).inputs["values"]
    return values
