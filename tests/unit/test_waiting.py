"""What is told of a namespace in which something waits: tests/engine has the same of a real API server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings.images import NEWEST
from components.stack.compose import compose
from scripts.waiting.last_words import last_line
from scripts.waiting.reasons import CLASSES, READY_AFTER, UNBOUND, UNSCHEDULED, Observer
from scripts.waiting.watch import Watcher
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import PROJECT, settings_of

Lists = Mapping[str, list[dict[str, Any]]]
NAMESPACE = "/api/v1/namespaces/here"
CLAIM = {"metadata": {"name": "label-studio-ls-pvc", "uid": "1"}, "spec": {}, "status": {"phase": "Pending"}}
NOTHING: dict[str, Any] = {"items": []}


def observer(lists: Lists, release: str = "label-studio") -> Observer:
    """Lists that are not given may not be read."""
    found = {path if path.startswith("/") else f"{NAMESPACE}/{path}": {"items": items} for path, items in lists.items()}
    return Observer(found.get, "here", "kubectl --context c --namespace here", release)


def told(lists: Lists) -> list[str]:
    return [str(reason) for reason in observer(lists).reasons()]


def storage_class(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def pod(name: str = "label-studio-redis-0", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": "2"}, "status": status}


def event(uid: str, reason: str, message: str, minute: int = 0) -> dict[str, Any]:
    when = f"2026-01-01T00:{minute:02}:00Z"
    return {"involvedObject": {"uid": uid}, "reason": reason, "message": message, "lastTimestamp": when}


def unscheduled(message: str) -> dict[str, Any]:
    return pod(conditions=[{"type": "PodScheduled", "status": "False", "message": message}])


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(containerStatuses=[{"name": "redis", "image": "registry/redis:1", "state": state}])


def crashed(state: str, **ended: Any) -> dict[str, Any]:
    """A container that ended before, as it is between two attempts and during one."""
    states = {"waiting": {"reason": "CrashLoopBackOff"}, "running": {"startedAt": moment(-1)}}
    status = {"name": "redis", "image": "registry/redis:1", "restartCount": 2, "ready": False}
    return pod(
        containerStatuses=[
            {**status, "state": {state: states[state]}, "lastState": {"terminated": {"exitCode": 1, **ended}}}
        ]
    )


def running(seconds: float, **status: Any) -> dict[str, Any]:
    """A container that began so many seconds ago."""
    container = {"name": "redis", "image": "registry/redis:1", "restartCount": 0, "ready": False, **status}
    return pod(containerStatuses=[{**container, "state": {"running": {"startedAt": moment(-seconds)}}}])


def moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_namespace_that_may_not_be_read_has_nothing_to_tell() -> None:
    assert told({}) == []


def test_a_claim_without_class_where_none_is_the_default() -> None:
    [reason] = told({"persistentvolumeclaims": [CLAIM], CLASSES: [storage_class("slow"), storage_class("fast")]})
    assert reason == (
        "PersistentVolumeClaim label-studio-ls-pvc is not bound: it names no StorageClass, and the cluster has no "
        "default one (it has: fast, slow). Write a class into labelStudio.persistence.storageClass, or make one the "
        "default, which the claim then gets: kubectl --context c annotate storageclass NAME "
        "storageclass.kubernetes.io/is-default-class=true"
    )


def test_a_claim_whose_classes_may_not_be_listed_has_the_words_of_its_controller() -> None:
    events = [event("1", "FailedBinding", "no storage class is set", 1), event("9", "FailedBinding", "of another", 2)]
    [reason] = told({"persistentvolumeclaims": [CLAIM], "events": events})
    assert "is not bound: no storage class is set. See kubectl " in reason
    assert reason.endswith("describe pvc label-studio-ls-pvc")


def test_the_newest_words_count() -> None:
    claim = {**CLAIM, "spec": {"storageClassName": "slow"}}
    events = [event("1", "ProvisioningFailed", "new", 2), event("1", "ProvisioningFailed", "old", 1)]
    [reason] = told({"persistentvolumeclaims": [claim], "events": events, CLASSES: [storage_class("slow")]})
    assert "is not bound: new." in reason


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (
            unscheduled("0/3 nodes are available: 3 Insufficient memory."),
            "Pod label-studio-redis-0 is not scheduled: 0/3 nodes are available: 3 Insufficient memory. "
            "Add a node, or lower redis.resources.",
        ),
        (unscheduled("3 node(s) had untolerated taint"), "See redis.scheduling, and kubectl "),
        (waiting("ErrImageNeverPull"), "image registry/redis:1 cannot be pulled: ErrImageNeverPull. Check the tag"),
        (waiting("CreateContainerConfigError", 'secret "mine" not found'), 'cannot start: secret "mine" not found.'),
        (waiting("CrashLoopBackOff"), "logs label-studio-redis-0 --container redis --previous"),
        (
            crashed("waiting", message="the end\nof its log\n"),
            "ends again and again, with exit code 1: of its log. See",
        ),
        (crashed("running"), "it ends again and again, with exit code 1. See kubectl "),
    ],
)
def test_a_pod_that_does_not_run(item: dict[str, Any], said: str) -> None:
    [reason] = told({"pods": [item]})
    assert said in reason


def test_a_container_that_ended_is_told_with_the_last_line_of_its_log() -> None:
    asked: list[str] = []

    def text(path: str) -> str:
        asked.append(path)
        return "starting\nFATAL: password=hunter2 for redis://user:hunter2@host refused\n\n"

    lists = {f"{NAMESPACE}/pods": {"items": [crashed("waiting")]}}
    [reason] = Observer(lists.get, "here", "kubectl", text=text).reasons()
    assert "with exit code 1: FATAL: password=*** for redis://***@host refused. See" in str(reason)
    assert asked == [f"{NAMESPACE}/pods/label-studio-redis-0/log?container=redis&tailLines=20&previous=true"]


def test_a_container_that_recovered_or_ended_as_it_should_is_not_told() -> None:
    [recovered] = crashed("running")["status"]["containerStatuses"]
    assert told({"pods": [pod(containerStatuses=[{**recovered, "ready": True}])]}) == []
    ended = {**recovered, "lastState": {"terminated": {"exitCode": 0}}}
    assert told({"pods": [pod(containerStatuses=[ended])]}) == []


def test_a_container_whose_probe_fails_is_told_once_it_should_be_ready() -> None:
    said = {**event("2", "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 502"), **ABOUT_REDIS}
    assert told({"pods": [running(READY_AFTER - 5)], "events": [said]}) == []
    assert told({"pods": [running(READY_AFTER + 5, ready=True)], "events": [said]}) == []
    assert told({"pods": [running(READY_AFTER + 5)]}) == []
    other = {**said, "involvedObject": {"uid": "2", "fieldPath": "spec.containers{other}"}}
    assert told({"pods": [running(READY_AFTER + 5)], "events": [other]}) == []
    [reason] = told({"pods": [running(READY_AFTER + 5)], "events": [said]})
    assert "is not ready: Startup probe failed: HTTP probe failed with statuscode: 502. See kubectl " in reason
    assert reason.endswith("logs label-studio-redis-0 --container redis")


ABOUT_REDIS = {"involvedObject": {"uid": "2", "fieldPath": "spec.containers{redis}"}}


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("one\r\n\x1b[31mtwo\x1b[0m  words\r\n", "two words"),
        (
            "could not connect to postgresql://labelstudio:a/b@host:5432/db",
            "could not connect to postgresql://***@host:5432/db",
        ),
        ("redis://:hunter2@host refused", "redis://***@host refused"),
        ('{"password": "hunter2 and more", "user": "me"}', '{"password": ***, "user": "me"}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("POSTGRE_PASSWORD=hunter2 is wrong", "POSTGRE_PASSWORD=*** is wrong"),
        ("aws_secret_access_key = 'a b'", "aws_secret_access_key = ***"),
        ("password authentication failed for user", "password authentication failed for user"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_the_last_line_of_a_log_is_short_and_tells_no_secret(log: str, line: str) -> None:
    assert last_line(log) == line


@given(
    name=st.sampled_from(["password", "SECRET_KEY", "api_key", "access-token", "Passphrase", "REDIS_PASSWORD"]),
    sign=st.sampled_from(["=", ": ", " = ", ":"]),
    value=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6),
    before=st.sampled_from(["", "error: ", "connecting with user=me "]),
)
def test_no_value_that_is_named_like_a_secret_is_told(name: str, sign: str, value: str, before: str) -> None:
    assert last_line(f"{before}{name}{sign}{value} refused") == f"{before}{name}{sign}*** refused"


def test_a_pod_whose_volume_cannot_be_mounted() -> None:
    events = [event("2", "FailedMount", 'MountVolume.SetUp failed for volume "ca": secret "ca" not found')]
    assert told({"pods": [waiting("ContainerCreating")]}) == []
    [reason] = told({"pods": [waiting("ContainerCreating")], "events": events})
    assert 'Pod label-studio-redis-0: MountVolume.SetUp failed for volume "ca": secret "ca" not found. See' in reason


def test_an_unbound_claim_is_told_once_and_not_of_its_pod_again() -> None:
    item = unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found")
    assert len(told({"pods": [item], "persistentvolumeclaims": [CLAIM], CLASSES: []})) == 1
    assert "unbound immediate" in told({"pods": [item]})[0]


def test_what_is_of_others_or_ends_is_not_told() -> None:
    other = pod("theirs", **unscheduled("Insufficient cpu")["status"])
    ending = unscheduled("Insufficient cpu")
    ending["metadata"]["deletionTimestamp"] = "x"
    assert told({"pods": [other, ending]}) == []


def test_each_reason_is_told_once_when_it_has_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    lists: dict[str, Any] = {f"{NAMESPACE}/pods": {"items": [unscheduled("Insufficient cpu")]}}
    lines: list[str] = []
    watcher, looked = Watcher(lines.append), Observer(lists.get, "here", "kubectl")
    claims = {f"{NAMESPACE}/persistentvolumeclaims": {"items": [CLAIM]}, CLASSES: NOTHING}
    for seconds, more, expected in [
        (0, {}, 0),
        (UNSCHEDULED - 1, {}, 0),
        (UNSCHEDULED, {}, 1),
        (UNSCHEDULED + 9, claims, 1),
        (UNSCHEDULED + 9 + UNBOUND, claims, 2),
        (99, claims, 2),
    ]:
        clock[0] = float(seconds)
        lists.update(more)
        watcher.look(looked)
        assert len(lines) == expected, seconds
    assert all(line.startswith("Waiting: ") for line in lines)
    lists[f"{NAMESPACE}/persistentvolumeclaims"] = NOTHING
    watcher.look(looked)
    lists.update(claims)
    for seconds in (100, 100 + UNBOUND):
        clock[0] = float(seconds)
        watcher.look(looked)
    assert len(lines) == 3, "what went and came back is told again"


def test_each_object_that_is_waited_for_has_the_time_that_the_docs_state() -> None:
    program = run_program(lambda: compose(settings_of("dev")))
    waited = {
        each.name: each.custom_timeouts["create"]
        for each in program
        if each.type.rpartition(":")[2] in {"StatefulSet", "Deployment", "Job"}
    }
    by_kind = {
        "label-studio-postgresql": "10m",
        "label-studio-worker": "900s",
        "label-studio-postgresql-setup": "960s",
        f"label-studio-postgresql-dump-{NEWEST}": "3660s",
    }
    assert by_kind.items() <= waited.items()
    assert {*waited.values()} == {*by_kind.values()}
    page = (PROJECT / "docs" / "troubleshooting.md").read_text()
    assert "A StatefulSet has 10 minutes, a set-up Job 16, a Job that makes a backup 61," in page
