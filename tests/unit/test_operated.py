"""When the servers of an operator count as updated, by the sequences of states that real operators went through."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from components.kubernetes.operated.check import PATIENCE_SECONDS, wait

Objects = dict[str, Any]
OLD, NEW = "docker.io/pgsty/silo:old", "docker.io/pgsty/silo:new"
TENANT: Mapping[str, Any] = {
    "api_version": "minio.min.io/v2",
    "kind": "Tenant",
    "plural": "tenants",
    "name": "store",
    "status": {"currentState": "Initialized", "healthStatus": "green"},
    "conditions": {},
    "selector": "v1.min.io/tenant=store",
    "container": "minio",
    "image": NEW,
    "version": None,
    "version_variable": None,
    "stateful_sets": ["store-pool-0"],
    "servers": 0,
}
CNPG: Mapping[str, Any] = {
    **TENANT,
    "kind": "Cluster",
    "plural": "clusters",
    "name": "db",
    "status": {},
    "conditions": {"Ready": "True"},
    "container": "postgres",
    "stateful_sets": [],
    "servers": 2,
}
REDIS: Mapping[str, Any] = {
    **TENANT,
    "kind": "Redis",
    "plural": "redis",
    "name": "queue",
    "status": {"phase": "Ready"},
    "container": "redis",
    "image": None,
    "version": "7.2",
    "stateful_sets": ["rfr-queue"],
}
ZALANDO: Mapping[str, Any] = {
    **REDIS,
    "kind": "postgresql",
    "plural": "postgresqls",
    "name": "acid-db",
    "status": {"PostgresClusterStatus": "Running"},
    "container": "postgres",
    "version": "17",
    "version_variable": "PGVERSION",
    "stateful_sets": ["acid-db"],
}


def pod(name: str, image: str, *, container: str = "minio", ready: bool = True, **status: Any) -> Objects:
    condition = {"type": "Ready", "status": str(ready)}
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": container, "image": image}]},
        "status": {"conditions": [condition], **status},
    }


def unpullable(name: str, reason: str = "ImagePullBackOff") -> Objects:
    state = {"waiting": {"reason": reason, "message": f'Back-off pulling image "{NEW}"'}}
    return pod(name, NEW, ready=False, containerStatuses=[{"name": "minio", "state": state}])


def stateful_set(image: str, *, container: str = "minio", updated: int = 2, ready: int = 2, **more: Any) -> Objects:
    template = {"name": container, "image": image, **more}
    status = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": updated, "readyReplicas": ready}
    return {
        "metadata": {"generation": 3},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [template]}}},
        "status": status,
    }


def state(resource: Objects, *, sets: Objects | None = None, pods: list[Objects] | None = None) -> Objects:
    return {"resource": resource, "set": sets, "pods": pods or [], "events": []}


READY = {"currentState": "Initialized", "healthStatus": "green"}
DONE = state(READY, sets=stateful_set(NEW), pods=[pod("0", NEW), pod("1", NEW)])
NOT_LOOKED_AT = state(READY, sets=stateful_set(OLD), pods=[pod("0", OLD), pod("1", OLD)])
BROKEN = state(READY, sets=stateful_set(NEW, updated=1, ready=1), pods=[pod("0", OLD), unpullable("1")])


class Cluster:
    """Shows one state after another, one for each look; the last one stays. A look takes three seconds."""

    def __init__(self, *states: Objects | OSError) -> None:
        self.states, self.seconds, self.looks = list(states), 0.0, 0

    def read(self, api: str, plural: str, name: str = "", **query: str) -> Any:
        now = self.states[min(self.looks, len(self.states) - 1)]
        if isinstance(now, OSError):
            raise now
        answers: dict[str, Callable[[], Any]] = {
            "pods": lambda: {"items": now["pods"]},
            "events": lambda: {"items": now["events"]},
            "statefulsets": lambda: now["set"],
        }
        return answers.get(plural, lambda: {"status": now["resource"]})()

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.looks += 1


def outcome(expected: Mapping[str, Any], *states: Objects | OSError, seconds: float = 1740) -> tuple[str | None, float]:
    """What the check says, and after how many seconds."""
    cluster = Cluster(*states)
    said = wait(expected, cluster.read, seconds, clock=lambda: cluster.seconds, sleep=cluster.sleep)
    return said, cluster.seconds


def test_the_status_of_the_time_before_is_no_answer() -> None:
    assert outcome(TENANT, NOT_LOOKED_AT, NOT_LOOKED_AT, DONE) == (None, 6)


def test_a_wrong_image_is_told_with_the_reason_of_the_pod_as_soon_as_it_is_sure() -> None:
    said, seconds = outcome(TENANT, NOT_LOOKED_AT, BROKEN)
    assert said is not None and "pod 1, container minio: ImagePullBackOff: Back-off pulling image" in said
    assert said.startswith(f"Tenant store: not all servers are ready with {NEW}")
    assert PATIENCE_SECONDS <= seconds < PATIENCE_SECONDS + 10


def test_pauses_between_attempts_to_pull_do_not_start_the_clock_again() -> None:
    def alternating() -> Iterator[Objects]:
        for look in range(200):
            reason = "ErrImagePull" if look % 2 else "ImagePullBackOff"
            yield {**BROKEN, "pods": [pod("0", OLD), unpullable("1", reason)]}

    _, seconds = outcome(TENANT, *alternating())
    assert seconds < PATIENCE_SECONDS + 10


def test_a_registry_that_stumbles_is_no_failure() -> None:
    assert outcome(TENANT, BROKEN, BROKEN, DONE)[0] is None


@pytest.mark.parametrize(
    "unfinished",
    [
        {**DONE, "set": stateful_set(NEW, updated=1)},
        {**DONE, "set": stateful_set(NEW, ready=1)},
        {**DONE, "set": None},
        {**DONE, "resource": {**READY, "currentState": "Updating MinIO Version"}},
        {**DONE, "resource": {}},
        {**DONE, "set": {**stateful_set(NEW), "metadata": {"generation": 4}}},
        {**DONE, "set": stateful_set(NEW, container="other")},
    ],
    ids=["not updated", "not ready", "not made", "status", "no status", "not observed", "no such container"],
)
def test_what_is_not_finished(unfinished: Objects) -> None:
    assert outcome(TENANT, unfinished, DONE) == (None, 3)
    said, seconds = outcome(TENANT, unfinished, seconds=60)
    assert said and seconds == 60


def test_an_api_server_that_restarts_is_asked_again() -> None:
    assert outcome(TENANT, OSError("connection refused"), DONE) == (None, 3)
    said, _ = outcome(TENANT, OSError("connection refused"), seconds=9)
    assert said is not None and "the API server does not answer: connection refused" in said


def test_pods_that_are_not_admitted_are_told() -> None:
    message = 'pods "store-pool-0-0" is forbidden: violates PodSecurity "restricted:latest"'
    missing = copy.deepcopy(state({}, sets=stateful_set(NEW, updated=0, ready=0)))
    missing["set"]["status"]["replicas"] = 0
    missing["events"] = [{"lastTimestamp": "2026-01-01T00:00:00Z", "message": message}]
    said, seconds = outcome(TENANT, missing)
    assert said is not None and message in said
    assert seconds < PATIENCE_SECONDS + 10


def test_a_pod_without_a_node_waits_for_one_until_the_end() -> None:
    scheduling = {
        "type": "PodScheduled",
        "status": "False",
        "message": "0/1 nodes are available: 1 Insufficient memory.",
    }
    waiting = pod("0", NEW, ready=False)
    waiting["status"]["conditions"].append(scheduling)
    unfinished = state(READY, sets=stateful_set(NEW, ready=1), pods=[waiting])
    said, seconds = outcome(TENANT, unfinished)
    assert said is not None and "Insufficient memory" in said
    assert seconds >= 1740


def test_pods_that_go_are_not_looked_at() -> None:
    gone = pod("0", OLD)
    gone["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    instances = [pod("1", NEW, container="postgres"), pod("2", NEW, container="postgres"), gone]
    assert outcome(CNPG, state({"conditions": [{"type": "Ready", "status": "True"}]}, pods=instances))[0] is None


def test_servers_without_a_stateful_set_are_counted() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    old, new = pod("1", OLD, container="postgres"), pod("2", NEW, container="postgres")
    both = state(ready, pods=[new, pod("1", NEW, container="postgres")])
    assert outcome(CNPG, state(ready, pods=[old, old]), state(ready, pods=[old, new]), both) == (None, 6)
    assert outcome(CNPG, state(ready, pods=[new]), seconds=3)[0] is not None


@pytest.mark.parametrize(
    ("image", "runs"),
    [
        ("registry.example.com:5000/middleware/redis:7.2-alpine.67f1", True),
        ("redis:v7.2.10@sha256:0123", True),
        ("redis:6.0-alpine", False),
        ("registry.example.com:5000/redis", True),
        ("redis@sha256:0123", True),
    ],
)
def test_the_version_of_redis_is_in_the_tag_where_there_is_one(image: str, runs: bool) -> None:
    now = state({"phase": "Ready"}, sets=stateful_set(image, container="redis"))
    assert (outcome(REDIS, now, seconds=3)[0] is None) is runs


@pytest.mark.parametrize(("version", "runs"), [("17", True), ("16", False), ("18", True), (None, True)])
def test_the_version_of_spilo_is_in_a_variable(version: str | None, runs: bool) -> None:
    env = [{"name": "PGVERSION", "value": version}] if version else []
    spilo = stateful_set("ghcr.io/zalando/spilo-17:4.0-p3", container="postgres", env=env)
    said, _ = outcome(ZALANDO, state({"PostgresClusterStatus": "Running"}, sets=spilo), seconds=3)
    assert (said is None) is runs
    assert runs or "has version 16" in str(said)
