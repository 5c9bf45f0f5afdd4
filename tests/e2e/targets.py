"""A project whose annotations go to a bucket, and the servers that may go meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from local.cluster.api import has_condition, wait
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session

TEXTS = """
<View>
  <Text name="text" value="$text"/>
  <Choices name="kind" toName="text"><Choice value="cat"/><Choice value="dog"/></Choices>
</View>
"""
FOLDER = "reliability"


@dataclass
class Annotated:
    """A project whose annotations go to a target that was made on the page."""

    stack: Deployment
    session: Session
    project: int = 0
    target: int = 0
    tasks: list[int] = field(default_factory=list)

    def make(self, tasks: int) -> None:
        """Make the project, its tasks and its target."""
        self.project = self.session.create_project("Reliability", TEXTS)
        texts = [{"text": str(number)} for number in range(tasks)]
        self.session.request("POST", f"/api/projects/{self.project}/import", json=texts)
        listed = self.session.request("GET", f"/api/tasks?project={self.project}&page_size={tasks}")["tasks"]
        self.tasks = [int(task["id"]) for task in listed]
        identifier, secret = self._key()
        storage = {
            "project": self.project,
            "bucket": self.stack.outputs["buckets"]["uploads"]["bucket"],
            "prefix": FOLDER,
            "region_name": "us-east-1",
            "s3_endpoint": self.stack.outputs["objectStoreEndpoint"],
            "aws_access_key_id": identifier,
            "aws_secret_access_key": secret,
            "can_delete_objects": True,
        }
        self.target = int(self.session.request("POST", "/api/storages/export/s3", json=storage)["id"])

    def annotate(self) -> str:
        """Annotate the next task and return the id of the annotation."""
        result = [{"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": ["cat"]}}]
        path = f"/api/tasks/{self.tasks.pop()}/annotations/"
        return str(self.session.request("POST", path, json={"result": result})["id"])

    def written(self) -> set[str]:
        """The ids of the annotations in the bucket."""
        [service] = self.stack.objects("services", name="label-studio-store")
        endpoint = f"http://{service['spec']['clusterIP']}:9000"
        client = boto3.Session(*self._key(), None, "us-east-1").client("s3", endpoint_url=endpoint)
        bucket = self.stack.outputs["buckets"]["uploads"]["bucket"]
        listed = client.list_objects_v2(Bucket=bucket, Prefix=f"{FOLDER}/").get("Contents", [])
        return {each["Key"].rpartition("/")[2] for each in listed}

    def _key(self) -> tuple[str, str]:
        """The page's own key, which may do everything in its bucket."""
        [secret] = self.stack.objects("secrets", name="label-studio-store-uploads")
        return tuple(base64.b64decode(secret["data"][key]).decode() for key in ("access-key", "secret-key"))  # type: ignore[return-value]


def pods_of(stack: Deployment, component: str) -> list[dict[str, Any]]:
    """The pods of a part of the release that are not on their way out."""
    found = [pod for pod in stack.objects("pods") if "deletionTimestamp" not in pod["metadata"]]
    return [pod for pod in found if pod["metadata"]["labels"].get("app.kubernetes.io/name") == component]


def served(stack: Deployment) -> set[str]:
    """The pods of page and workers, which are others when they have started again."""
    return {pod["metadata"]["uid"] for name in ("ls-app", "ls-worker") for pod in pods_of(stack, name)}


def replace_pods(stack: Deployment, component: str) -> None:
    """Delete the pods of a part of the release without letting them end anything."""
    for pod in pods_of(stack, component):
        stack.api.delete([{"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}])


@contextmanager
def redis_away(stack: Deployment) -> Iterator[None]:
    """No pod of Redis for as long as the block lasts, and one that is ready after it."""

    def scale(replicas: int) -> None:
        metadata = {"name": "label-studio-redis", "namespace": stack.namespace}
        spec = {"replicas": replicas}
        stack.api.apply([{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}])
        wait("Redis to follow", lambda: len(stack.objects("pods", name="label-studio-redis-0")) == replicas, 120)

    scale(0)
    try:
        yield
    finally:
        scale(1)
        wait("Redis", lambda: has_condition(stack.objects("pods", name="label-studio-redis-0")[0], "Ready"), 120)
