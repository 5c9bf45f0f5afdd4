"""Servers of operators, by the real provider: what `pulumi up` waits for, and whether it comes to an end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cluster.node import SOCKET
from local.images.build import import_images
from local.images.catalog import REFERENCES
from local.paths import KUBECONFIG
from local.tools.build import tool
from tests.engine.cluster import Cluster, Object
from tests.engine.conftest import NewProgram
from tests.engine.operators import Operator, definition, deletion_needs
from tests.engine.program import PROJECT, Program

PRELUDE = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from components.kubernetes.context import StackContext
from components.object_store import ObjectStore, Pool, TenantStore
from components.redis import AlaudaRedis, Redis
from components.settings.base import Resources, Storage
from components.settings.images import ImageSettings
RESOURCES = Resources(cpu_request="10m", cpu_limit="1", memory="64Mi")
STORAGE = Storage(size="128Mi")
images = {{"label_studio": {REFERENCES["label_studio"]!r}}}
both = pulumi.ResourceOptions(providers=[cluster, random.Provider("random")])
"""
TENANT = """
pool = Pool(name="pool-0", servers=1, volumes_per_server=1, storage=STORAGE, resources=RESOURCES)
context = StackContext(namespace=namespace, protect=False, images=ImageSettings(**images, minio={image!r}))
ObjectStore("store", TenantStore(backend="tenant", pools=(pool,), versioning=False), context, [], both)
"""
REDIS = """
context = StackContext(namespace=namespace, protect=False, images=ImageSettings(**images))
settings = AlaudaRedis(backend="alauda", storage=STORAGE, resources=RESOURCES, options={options!r})
Redis("queue", settings, context, both)
"""
WRONG = "registry.invalid/nothing:1"
KINDS = [("minio.min.io", "v2", "Tenant", "tenants"), ("middleware.alauda.io", "v1", "Redis", "redis")]


@pytest.fixture(scope="module", autouse=True)
def _kinds(cluster: Cluster) -> Iterator[None]:
    made = [definition(*kind) for kind in KINDS]
    for each in made:
        cluster.create(each)
    time.sleep(3)
    yield
    for each in made:
        cluster.delete(each["apiVersion"], each["kind"], "", each["metadata"]["name"])


@pytest.fixture(scope="module")
def images(kubeconfig: Path) -> dict[str, str]:
    """Those of the servers, and the one that looks at them."""
    if kubeconfig.resolve() == KUBECONFIG:
        import_images(["label_studio", "valkey"], ["ctr", "--address", str(SOCKET), "--namespace", "k8s.io"])
    return dict(REFERENCES)


def unchanged(program: Program) -> None:
    """A second update, and one that first looks at the cluster, find nothing to do."""
    assert program.up(None, "--expect-no-changes").changed == {}
    assert program.up(None, "--refresh", "--expect-no-changes").changed == {}


def test_a_tenant_is_updated_when_its_servers_are(
    new_program: NewProgram, cluster: Cluster, namespace: str, images: dict[str, str]
) -> None:
    """Its status is that of a healthy one all the time, as the real operator's was for the first seconds."""
    program, right = new_program(), images["valkey"]
    operator = Operator(
        cluster,
        namespace,
        "minio.min.io/v2",
        "Tenant",
        "store",
        {"currentState": "Initialized", "healthStatus": "green"},
        "store-pool-0",
        "minio",
        {"v1.min.io/tenant": "store"},
    )
    with operator.working():
        program.up(PRELUDE + TENANT.format(image=right))
        unchanged(program)

        began = time.monotonic()
        failed = program.up(PRELUDE + TENANT.format(image=WRONG), check=False)
        assert failed.status != 0
        assert f"Tenant store: not all servers are ready with {WRONG}" in failed.output
        assert "pod store-pool-0-0, container minio: " in failed.output and "Image" in failed.output
        assert time.monotonic() - began < 240

        program.up(PRELUDE + TENANT.format(image=right))
        program.destroy()
    assert not operator.failures


def test_a_redis_of_alauda_is_deleted_and_does_not_drift(
    new_program: NewProgram, cluster: Cluster, namespace: str, images: dict[str, str]
) -> None:
    """Its operator owns the password by then, which a deletion in the foreground would collect first."""
    program = new_program()
    operator = Operator(
        cluster,
        namespace,
        "middleware.alauda.io/v1",
        "Redis",
        "queue",
        {"phase": "Ready"},
        "rfr-queue",
        "redis",
        {"app.kubernetes.io/part-of": "redis-failover", "app.kubernetes.io/name": "queue", **_COMPONENT},
        image=images["valkey"],
        secret="queue",
    )
    rules = deletion_needs("queue", "Redis", "redis", "middleware.alauda.io", namespace)
    with operator.working():
        program.up(PRELUDE + REDIS.format(options={}))
        for rule in rules:
            cluster.create(rule)
        try:
            assert "enableTLS" not in _spec(cluster, namespace)
            unchanged(program)
            began = time.monotonic()
            program.destroy()
            assert time.monotonic() - began < 120
            assert not cluster.has("middleware.alauda.io/v1", "Redis", namespace, "queue")
        finally:
            for rule in reversed(rules):
                cluster.delete(rule["apiVersion"], rule["kind"], "", rule["metadata"]["name"])


_COMPONENT = {"app.kubernetes.io/component": "redis"}


def _spec(cluster: Cluster, namespace: str) -> Object:
    found: Any = cluster.get("middleware.alauda.io/v1", "Redis", namespace, "queue")["spec"]
    return dict(found)


def test_the_documented_command_deletes_the_claims_that_operators_leave(
    cluster: Cluster, namespace: str, kubeconfig: Path
) -> None:
    """By the labels that the operators give to the claims of their servers; other claims stay."""
    redis = {"app.kubernetes.io/part-of": "redis-failover", "app.kubernetes.io/name": "label-studio-redis"}
    tenant = {"v1.min.io/tenant": "label-studio-store"}
    for name, labels in {"left-by-minio": tenant, "left-by-redis": redis, "of-others": {"app": "other"}}.items():
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
        cluster.create(claim)
    page = (PROJECT / "docs" / "backup.md").read_text()
    commands = (
        page.partition("# Needs a stack that was destroyed, with a MinIO tenant")[2]
        .partition("\n")[2]
        .partition("```")[0]
    )
    path = os.pathsep.join([str(tool("kubectl").parent), os.environ["PATH"]])
    subprocess.run(
        ["bash", "-euc", commands.replace("--namespace label-studio", f"--namespace {namespace}")],
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "PATH": path},
        check=True,
    )
    left = {
        name: cluster.has("v1", "PersistentVolumeClaim", namespace, name)
        for name in ("left-by-minio", "left-by-redis", "of-others")
    }
    assert left == {"left-by-minio": False, "left-by-redis": False, "of-others": True}
