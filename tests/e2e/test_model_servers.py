"""A declared project with a model server of the stack: it predicts, learns from annotations, and goes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenacity import retry, retry_if_not_result, stop_after_delay, wait_fixed

from cli.cluster import Cluster
from cli.store import open_store
from local.cluster.images import CTR
from local.images.build import import_images
from local.images.catalog import REFERENCES
from tests.e2e.deployment import Deployment
from tests.e2e.test_projects import declare, place_of, project_id
from tests.engine.kubectl import Kubectl
from tests.models.sizes import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WIDTHS = (5, 15, 24, 28, 35, 45, 70, 95)
LARGE = 26
NAME = "label-studio-sizes-ml-sizes"
RESOURCES = {"cpuRequest": "20m", "cpuLimit": "500m", "memory": "96Mi"}
MODEL = {
    "name": "sizes",
    "title": "Sizes",
    "server": {"image": REFERENCES["sizes"], "resources": RESOURCES, "scratchSize": "100Mi"},
    "predictOnOpen": True,
    "predictAfterSync": True,
    "trainAfter": 4,
}
TITLE = "Sizes of things"
PROJECT = {
    "name": "sizes",
    "title": TITLE,
    "labelConfig": LABELLING,
    "source": {"treatEveryBucketObjectAsSource": False},
}
soon = retry(stop=stop_after_delay(90), wait=wait_fixed(1), retry=retry_if_not_result(bool))


@pytest.fixture(scope="module")
def stack(dev_stack: Deployment) -> Iterator[Deployment]:
    settings = dev_stack.engine.settings
    import_images(["sizes"], CTR)
    declare(dev_stack, {**PROJECT, "mlBackends": [MODEL]})
    dev_stack.run("up")
    dev_stack.read_outputs()
    yield dev_stack
    dev_stack.change(settings)
    dev_stack.run("up")  # other tests compare the stack with its settings


def tasks_of(stack: Deployment) -> list[dict[str, Any]]:
    """The tasks, the ones that the model is least sure of first."""
    query = json.dumps({"ordering": ["tasks:predictions_score"]})
    path = f"/api/tasks?project={project_id(stack, TITLE)}&page_size=100&fields=all&query={query}"
    with stack.session() as session:
        tasks: list[dict[str, Any]] = session.request("GET", path)["tasks"]
    return tasks


def backends(stack: Deployment) -> list[dict[str, Any]]:
    with stack.session() as session:
        found: list[dict[str, Any]] = session.request("GET", f"/api/ml?project={project_id(stack, TITLE)}")
    return found


def size(width: float) -> str:
    return "large" if width > LARGE else "small"


def annotate(stack: Deployment, task: dict[str, Any]) -> None:
    value = {"choices": [size(float(task["data"]["width"]))]}
    region = {"from_name": "size", "to_name": "text", "type": "choices", "value": value}
    with stack.session() as session:
        session.request("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": [region]})


def predicted(stack: Deployment, version: str) -> dict[float, str]:
    """What the model of this version said, by the width."""
    found = {}
    for task in tasks_of(stack):
        for prediction in task["predictions"]:
            if prediction["model_version"] == version:
                [region] = prediction["result"]
                found[float(task["data"]["width"])] = region["value"]["choices"][0]
    return found


def status(stack: Deployment, token: str, path: str) -> int:
    headers = {"Authorization": f"Token {token}"}
    return httpx.get(f"{stack.outputs['url']}{path}", headers=headers).status_code


def test_a_model_predicts_and_learns_until_it_is_declared_no_more(
    stack: Deployment, cluster: Cluster, run: Callable[..., str]
) -> None:
    with open_store(cluster, place_of(stack, "sizes-upload")) as store:
        for width in WIDTHS:
            key, body = f"{store.place.prefix}{width}.json", json.dumps({"data": {"width": width}}).encode()
            store.client.put_object(Bucket=store.place.bucket, Key=key, Body=body)
    assert run("sync", "sizes").startswith(f"{len(WIDTHS)} tasks at ")

    @soon
    def all_predicted(version: str) -> dict[float, str]:
        found = predicted(stack, version)
        return found if len(found) == len(WIDTHS) else {}

    assert all_predicted("sizes-0") == {width: "large" if width > 50 else "small" for width in WIDTHS}
    tasks = tasks_of(stack)
    assert {int(task["data"]["width"]) for task in tasks[:2]} == {45, 35}, "the least sure of them come first"

    for task in sorted(tasks, key=lambda it: float(it["data"]["width"]))[1:5]:
        annotate(stack, task)

    @soon
    def learnt() -> bool:
        return [it["model_version"] for it in backends(stack)] == ["sizes-1"]

    assert learnt()
    run("sync", "sizes")
    assert all_predicted("sizes-1") == {width: size(width) for width in WIDTHS}

    kubectl = Kubectl(Path(os.environ["KUBECONFIG"]), stack.namespace)
    token = kubectl("exec", f"deployment/{NAME}", "--", "cat", "/tmp/token")
    own = f"/api/projects/{project_id(stack, TITLE)}/"
    assert (status(stack, token, own), status(stack, token, "/api/projects/")) == (200, 403)
    reach = "import socket; socket.create_connection(('label-studio-postgresql', 5432), 3)"
    with pytest.raises(AssertionError):
        kubectl("exec", f"deployment/{NAME}", "--", "python3", "-c", reach)

    kubectl("scale", f"deployment/{NAME}", "--replicas=0")
    kubectl("wait", "--for=delete", "pod", "--selector", f"app.kubernetes.io/instance={NAME}", "--timeout=60s")
    began = time.monotonic()
    annotate(stack, tasks[0])
    assert time.monotonic() - began < 5
    assert [it["state"] for it in backends(stack)] == ["DI"]
    pod = next(it for it in stack.objects("pods") if "ls-app" in it["metadata"]["labels"].values())
    health = f"/api/v1/namespaces/{stack.namespace}/pods/{pod['metadata']['name']}:8000/proxy/health"
    assert "model server Sizes" in stack.api.get(health)["away"]

    declare(stack, PROJECT)
    stack.run("up")
    assert backends(stack) == []
    with stack.session() as session:
        assert session.request("GET", f"/api/webhooks/?project={project_id(stack, TITLE)}") == []
    assert stack.objects("deployments", "apps/v1", name=NAME) == []
    assert status(stack, token, own) == 401
