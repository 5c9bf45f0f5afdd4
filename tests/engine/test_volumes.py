"""A volume of a standalone server gets larger as docs/troubleshooting.md says, and its pod and its data stay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from local.cluster.node import SOCKET
from local.images.build import import_images
from local.images.catalog import REFERENCES
from local.paths import KUBECONFIG
from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.program import PROJECT

PROGRAM = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from components.kubernetes.context import StackContext
from components.redis import Redis, StandaloneRedis
from components.settings.base import Resources, Storage
from components.settings.images import ImageSettings
images = ImageSettings(label_studio={REFERENCES["label_studio"]!r}, valkey={REFERENCES["valkey"]!r})
context = StackContext(namespace=namespace, protect=True, network_policies=False, images=images)
resources = Resources(cpu_request="10m", cpu_limit="1", memory="64Mi")
settings = StandaloneRedis(backend="standalone", storage=Storage(size="SIZE"), resources=resources)
Redis("label-studio-redis", settings, context, pulumi.ResourceOptions(providers=[cluster, random.Provider("random")]))
"""
SERVER = ("apps/v1", "StatefulSet")


@pytest.fixture
def _images(kubeconfig: Path) -> None:
    if kubeconfig.resolve() == KUBECONFIG:
        import_images(["valkey"], ["ctr", "--address", str(SOCKET), "--namespace", "k8s.io"])


@pytest.mark.usefixtures("_images")
def test_a_server_takes_its_pod_and_its_larger_volume_over(
    new_program: NewProgram, cluster: Cluster, namespace: str
) -> None:
    program = new_program()
    program.up(PROGRAM.replace("SIZE", "128Mi"))
    pod = cluster.get("v1", "Pod", namespace, "label-studio-redis-0")["metadata"]["uid"]
    claim = cluster.get("v1", "PersistentVolumeClaim", namespace, "data-label-studio-redis-0")["metadata"]["uid"]

    cluster.orphan(*SERVER, namespace, "label-studio-redis")
    while cluster.has(*SERVER, namespace, "label-studio-redis"):
        time.sleep(0.2)
    update = program.up(PROGRAM.replace("SIZE", "256Mi"), "--refresh")
    operations = {event["resourcePreEvent"]["metadata"]["op"] for event in update.events if "resourcePreEvent" in event}
    assert operations <= {"refresh", "read", "same", "create", "update"}, operations

    server = cluster.get(*SERVER, namespace, "label-studio-redis")
    template = server["spec"]["volumeClaimTemplates"][0]["spec"]
    assert template["resources"]["requests"]["storage"] == "256Mi"
    assert cluster.get("v1", "Pod", namespace, "label-studio-redis-0")["metadata"]["uid"] == pod
    found = cluster.get("v1", "PersistentVolumeClaim", namespace, "data-label-studio-redis-0")
    assert found["metadata"]["uid"] == claim
    assert program.up(None, "--expect-no-changes").changed == {}
