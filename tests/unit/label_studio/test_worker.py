"""The queue workers: they see the same database, queue, storage and secrets as the page."""

from __future__ import annotations

from typing import Any

from components.label_studio.settings import Worker
from tests.unit.label_studio.arguments import (
    DEPLOYMENT,
    REDIS,
    RESOURCES,
    S3,
    SIZE,
    VOLUMES,
    arguments,
    program,
)

QUEUES = {"worker": ["critical", "high", "default", "low"], "long-worker": ["long"]}
COMMAND = ["python3", "/label-studio/label_studio/manage.py", "rqworker", "--with-scheduler", "--worker-ttl", "135"]


def deployment(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = program(arguments(**{"redis": REDIS["plain"], **changes})).one(DEPLOYMENT).inputs["spec"]
    return spec


def pod(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = deployment(**changes)["template"]["spec"]
    return found


def test_long_jobs_have_a_worker_of_their_own_and_the_urgent_ones_come_first() -> None:
    containers = {container["name"]: container for container in pod()["containers"]}
    assert {name: container["command"] for name, container in containers.items()} == {
        name: [*COMMAND, *queues] for name, queues in QUEUES.items()
    }
    assert {container["image"] for container in containers.values()} == {"docker.io/heartexlabs/label-studio:1.23.2"}


def test_replicas_and_resources() -> None:
    spec = deployment(worker=Worker(replicas=3, resources=SIZE))
    assert spec["replicas"] == 3
    assert [each["resources"] for each in spec["template"]["spec"]["containers"]] == [RESOURCES, RESOURCES]


def test_it_is_restricted_and_probed() -> None:
    found = pod()
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["fsGroup"] == 1001
    assert found["automountServiceAccountToken"] is False
    for container in found["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        command = ["python3", "/etc/label-studio/settings/worker_probe.py", *QUEUES[container["name"]]]
        for probe in ("startupProbe", "livenessProbe"):
            assert container[probe]["exec"]["command"] == command


def test_backing_services_know_it_as_a_client() -> None:
    labels = deployment()["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "label-studio"
    assert deployment()["selector"]["matchLabels"].items() <= labels.items()


def test_it_shares_the_volume_and_so_the_node_of_the_page() -> None:
    found = pod(persistence=VOLUMES["once"])
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "demo-ls-pvc"}} in found["volumes"]
    (term,) = found["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] == "ls-app"


def test_it_may_run_anywhere_where_the_storage_is_shared() -> None:
    assert "affinity" not in pod(persistence=VOLUMES["many"])
    found = pod(s3=S3["store"])
    assert "affinity" not in found
    assert {"name": "data", "emptyDir": {}} in found["volumes"]


def test_only_the_named_certificates_of_redis_are_mounted() -> None:
    volume = next(volume for volume in pod(redis=REDIS["tls"])["volumes"] if volume["name"] == "redis-certificates")
    assert [item["key"] for item in volume["secret"]["items"]] == ["ca.crt", "tls.crt", "tls.key"]


def test_the_store_s_authority_is_added_to_the_public_ones() -> None:
    for container in pod(s3=S3["tenant"])["containers"]:
        assert container["command"][:2] == ["/bin/sh", "-c"]
        assert container["command"][3:] == [*COMMAND, *QUEUES[container["name"]]]
        variables = {variable["name"]: variable.get("value", "") for variable in container["env"]}
        assert variables["OBJECT_STORE_CA"] == "/etc/label-studio/object-store-ca/ca.crt"
        assert variables["REQUESTS_CA_BUNDLE"].startswith("/tmp/")
