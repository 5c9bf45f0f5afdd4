"""The jobs of the queue that failed for good, asked for in a worker's container: nothing else reaches Redis."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .errors import ProjectError
from .pod_exec import run_in_pod

SCRIPT = "/etc/label-studio/settings/failed_jobs.py"
WORKERS = "app.kubernetes.io/component=ls-worker"
CONTAINER = "worker"
KEEP_DAYS = 14


def failed_jobs(api: Any, namespace: str, *words: str) -> Any:
    """What the script of the workers answers to ``count``, ``list`` or ``rerun``; ProjectError where none runs.

    ``api`` is a client of its own: the call changes how it makes requests.
    """
    core: Any = client.CoreV1Api(api)
    pods = core.list_namespaced_pod(namespace, label_selector=WORKERS).items
    ready = [pod.metadata.name for pod in pods if _is_running(pod)]
    if not ready:
        raise ProjectError(f"no queue worker runs in namespace {namespace}; kubectl get pods shows why")
    try:
        printed = run_in_pod(api, namespace, ready[0], CONTAINER, ["python3", SCRIPT, *words])
        return json.loads(printed.splitlines()[-1])
    except (ApiException, ProjectError, ValueError, IndexError):
        raise ProjectError(
            f"the queue worker {ready[0]} cannot read its jobs; kubectl logs {ready[0]} may say why"
        ) from None


def lines(jobs: Sequence[Mapping[str, str]]) -> list[str]:
    """Each job as a paragraph of what is worth to copy."""
    return [f"{job['id']}  {job['failed']}  {job['job']}\n  {job['reason']}" for job in jobs]


def summary(counted: Mapping[str, Any]) -> list[str]:
    """How many jobs failed and why, in a line for each kind."""
    return [f"{kind['count']} x {kind['job']}: {kind['reason']}" for kind in counted["kinds"]]


def _is_running(pod: Any) -> bool:
    statuses = pod.status.container_statuses or []
    return any(each.name == CONTAINER and each.state.running for each in statuses)
