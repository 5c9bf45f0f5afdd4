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
from components.label_studio import LabelStudio, LabelStudioArgs
from components.label_studio.args import Administrator, Certificate, Ingress, Sizes, Volume, Worker
from tests.unit.pulumi_mocks import Program, run_program

RELEASE = "kubernetes:helm.sh/v3:Release"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
HOST = "label-studio.example.com"
NAME = "demo"
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
    "once": Volume(size="20Gi", storage_class="fast"),
    "many": Volume(size="20Gi", access_mode="ReadWriteMany"),
}
INGRESS = Ingress(HOST, [Certificate("certificate-secret", [HOST])], "traefik", {"example.com/owner": "team"})


def arguments(**changes: Any) -> LabelStudioArgs:
    """Arguments of a small installation on a volume, without Redis, that differ by ``changes``."""
    defaults: dict[str, Any] = {
        "namespace": "ls",
        "image": "docker.io/heartexlabs/label-studio:1.23.2",
        "administrator": Administrator("admin@example.com"),
        "sizes": Sizes(app=RESOURCES, nginx=RESOURCES, migration=RESOURCES),
        "worker": Worker(replicas=1, resources=RESOURCES),
        "uwsgi_processes": 4,
        "postgresql": POSTGRESQL["plain"],
        "volume": VOLUMES["once"] if "s3" not in changes else None,
    }
    return LabelStudioArgs(**{**defaults, **changes})


def program(args: LabelStudioArgs, name: str = NAME, **options: Any) -> Program:
    """What LabelStudio registers."""
    return run_program(lambda: LabelStudio(name, args, pulumi.ResourceOptions(**options)))


def release_values(args: LabelStudioArgs, name: str = NAME) -> dict[str, Any]:
    """The values of the Helm release, as the Kubernetes provider gets them."""
    values: dict[str, Any] = program(args, name).one(RELEASE).inputs["values"]
    return values
