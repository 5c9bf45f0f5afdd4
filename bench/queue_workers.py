"""Annotations exported a second by the workers of the stack, against RQ's own, which fork for each job.

Both run in turn in the container of a worker, on a queue of their own. The project and its target are made for it, in
the bucket of the page.
"""

from __future__ import annotations

import base64
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.stream import stream

from bench.page import ANNOTATION, administrator, json_of, log_in, new_project
from bench.variants import address_of_page, served
from cli.jobs import CONTAINER, WORKERS
from local.cluster.api import Api, Object
from local.paths import CONTEXT, KUBECONFIG

JOBS = 60
ROUNDS = 3
SECONDS = 600
PROBE = Path(__file__).with_name("queue_probe.py")
STORE = "label-studio-store"


def measure(api: Api) -> Iterator[str]:
    """One line: the median rate and CPU time of each kind, and the ratio of the rates."""
    deployment = served(api)
    namespace = deployment["metadata"]["namespace"]
    http = log_in(address_of_page(api, deployment), *administrator(api, deployment))
    project, task = new_project(http)
    try:
        json_of(http.post("/api/storages/export/s3", json=target(api, namespace, project)))
        annotation = json_of(http.post(f"/api/tasks/{task}/annotations/", json=ANNOTATION))["id"]
        rates = _rates(namespace, annotation)
    finally:
        http.delete(f"/api/projects/{project}/").raise_for_status()
    forking, kept = ([statistics.median(each) for each in zip(*of, strict=True)] for of in rates.values())
    ratios = [new / old for (old, _), (new, _) in zip(*rates.values(), strict=True)]
    yield (
        f"annotations exported by a worker: {kept[0]:.1f}/s and {kept[1]:.0f} ms of CPU each in the worker, "
        f"{forking[0]:.1f}/s and {forking[1]:.0f} ms with a fork for each, ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds of {JOBS})"
    )


def target(api: Api, namespace: str, project: int, prefix: str = "bench") -> Object:
    """A target in the bucket of the page."""
    found = api.get(f"/api/v1/namespaces/{namespace}/secrets/{STORE}-uploads")["data"]
    identifier, secret = (base64.b64decode(found[key]).decode() for key in ("access-key", "secret-key"))
    return {
        "project": project,
        "bucket": "label-studio",
        "prefix": prefix,
        "region_name": "us-east-1",
        "s3_endpoint": f"http://{STORE}.{namespace}.svc.cluster.local:9000",
        "aws_access_key_id": identifier,
        "aws_secret_access_key": secret,
        "can_delete_objects": True,
    }


def _rates(namespace: str, annotation: int) -> dict[str, list[tuple[float, float]]]:
    """What the probe prints in a worker's container."""
    connect: Any = config.new_client_from_config
    core: Any = client.CoreV1Api(connect(config_file=str(KUBECONFIG), context=CONTEXT))
    pod = core.list_namespaced_pod(namespace, label_selector=WORKERS).items[0].metadata.name
    program = ["python3", "-c", PROBE.read_text(), str(annotation), str(JOBS), str(ROUNDS)]
    options = {"container": CONTAINER, "command": program, "stdout": True, "stderr": False}
    printed = stream(core.connect_get_namespaced_pod_exec, pod, namespace, _preload_content=False, **options)
    printed.run_forever(timeout=SECONDS)
    found: dict[str, list[tuple[float, float]]] = json.loads(printed.read_stdout().splitlines()[-1])
    return found
