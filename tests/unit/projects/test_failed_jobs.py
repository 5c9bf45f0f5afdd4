"""`make failed-jobs`: what is asked in a pod of the workers, and what is shown of it."""

from __future__ import annotations

import json
from types import SimpleNamespace as Pod
from typing import Any

import pytest

from cli import jobs
from cli.errors import ProjectError
from components.label_studio import mounts
from components.label_studio.worker import COMPONENT, QUEUES

JOB = {
    "id": "a1",
    "queue": "default",
    "job": "webhooks.utils.run_webhook_sync",
    "failed": "2026-01-01",
    "reason": "Gone",
}


def pod(running: bool) -> Any:
    status = Pod(name=jobs.CONTAINER, state=Pod(running={} if not running else {"startedAt": "now"}))
    return Pod(metadata=Pod(name="worker-1"), status=Pod(container_statuses=[status]))


class Cluster:
    """The pods of the workers, and what the script prints in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *pods: Any, printed: str = "") -> None:
        self.asked: list[Any] = []
        self.printed = printed
        core = Pod(list_namespaced_pod=lambda *_, **__: Pod(items=list(pods)))
        monkeypatch.setattr("cli.jobs.client.CoreV1Api", lambda _: core)
        monkeypatch.setattr(jobs, "run_in_pod", self.run)

    def run(self, _: Any, namespace: str, name: str, container: str, command: list[str]) -> str:
        self.asked.append((name, namespace, container, command))
        return self.printed


def test_the_script_runs_in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, pod(False), pod(True), printed=f"a warning\n{json.dumps([JOB])}\n")
    assert jobs.failed_jobs(None, "demo", "list") == [JOB]
    assert cluster.asked == [("worker-1", "demo", "worker", ["python3", jobs.SCRIPT, "list"])]


def test_names_are_those_of_the_workers() -> None:
    assert jobs.CONTAINER in QUEUES
    assert f"{mounts.SETTINGS_DIRECTORY}/failed_jobs.py" == jobs.SCRIPT
    assert "failed_jobs.py" in mounts.SETTINGS_FILES
    assert f"KEEP_DAYS = {jobs.KEEP_DAYS}\n" in mounts.SETTINGS_FILES["failed_jobs.py"]
    assert COMPONENT in jobs.WORKERS


def test_without_a_worker_there_is_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    Cluster(monkeypatch, pod(False))
    with pytest.raises(ProjectError, match="no queue worker runs in namespace demo"):
        jobs.failed_jobs(None, "demo", "count")


def test_a_worker_that_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Cluster(monkeypatch, pod(True), printed="Traceback")
    with pytest.raises(ProjectError, match="worker-1 cannot read its jobs"):
        jobs.failed_jobs(None, "demo", "count")


def test_what_is_shown() -> None:
    assert jobs.lines([JOB]) == ["a1  2026-01-01  webhooks.utils.run_webhook_sync\n  Gone"]
    counted = {"failed": 3, "kinds": [{"job": JOB["job"], "count": 3, "reason": "Gone"}]}
    assert jobs.summary(counted) == ["3 x webhooks.utils.run_webhook_sync: Gone"]
