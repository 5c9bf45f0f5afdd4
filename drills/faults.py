"""What a drill does to the pods of a stack, and how it sees that they are back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from local.cluster.api import Api, Object, has_condition, wait

PATIENCE_SECONDS = 600.0


def listed(api: Api, namespace: str, selector: str) -> list[Object]:
    """The pods with these labels, those that end left out."""
    found = api.get(f"/api/v1/namespaces/{namespace}/pods", labelSelector=selector)["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


@dataclass(frozen=True)
class Workload:
    """A Deployment or StatefulSet in the namespace of the stack."""

    api: Api
    namespace: str
    kind: str
    name: str

    def pods(self) -> list[Object]:
        """Its pods, those that end left out."""
        labels = self._object()["spec"]["selector"]["matchLabels"]
        return listed(self.api, self.namespace, ",".join(f"{key}={value}" for key, value in labels.items()))

    def kill(self) -> str:
        """Delete one pod at once, without letting it end its work; the name of the pod that is gone."""
        pod = str(self.pods()[0]["metadata"]["name"])
        before = {each["metadata"]["uid"] for each in self.pods() if each["metadata"]["name"] == pod}
        self.api.kill(self.namespace, pod)
        wait(f"{pod} to go", lambda: not before & {each["metadata"]["uid"] for each in self.pods()}, PATIENCE_SECONDS)
        return pod

    def scale(self, replicas: int) -> None:
        """Set the number of pods, and wait until there are none where it is 0."""
        version = {"apiVersion": "apps/v1", "kind": self.kind}
        metadata = {"name": self.name, "namespace": self.namespace}
        self.api.apply([{**version, "metadata": metadata, "spec": {"replicas": replicas}}])
        if replicas == 0:
            wait(f"{self.name} to go", lambda: not self.pods(), PATIENCE_SECONDS)

    @contextmanager
    def away(self, seconds: float) -> Iterator[None]:
        """No pod during the block and for at least so many seconds; then as many as before, all ready."""
        replicas = self._object()["spec"]["replicas"]
        self.scale(0)
        until = time.monotonic() + seconds
        try:
            yield
            time.sleep(max(until - time.monotonic(), 0))
        finally:
            self.scale(replicas)
        self.await_ready()

    def restarts(self) -> int:
        """How often containers of its pods were started again."""
        return sum(
            int(container["restartCount"])
            for pod in self.pods()
            for container in pod["status"].get("containerStatuses", [])
        )

    def memory(self) -> int:
        """MiB that its pods use, as the kubelets count for evictions."""
        names = {pod["metadata"]["name"] for pod in self.pods()}
        nodes = {pod["spec"]["nodeName"] for pod in self.pods()}
        stats = [self.api.get(f"/api/v1/nodes/{node}/proxy/stats/summary")["pods"] for node in nodes]
        used = [
            pod.get("memory", {}).get("workingSetBytes", 0)
            for pods in stats
            for pod in pods
            if pod["podRef"]["name"] in names
        ]
        return sum(map(int, used)) // 1024**2

    def await_ready(self) -> None:
        """Wait until all its pods are ready."""
        wait(f"{self.name} to be ready", self._is_ready, PATIENCE_SECONDS)

    def start_seconds(self) -> float:
        """How long its newest pod took from being made until it was ready; the API counts whole seconds."""
        pod = max(self.pods(), key=lambda each: str(each["metadata"]["creationTimestamp"]))
        [ready] = [each for each in pod["status"]["conditions"] if each["type"] == "Ready"]
        return (_time(ready["lastTransitionTime"]) - _time(pod["metadata"]["creationTimestamp"])).total_seconds()

    def _is_ready(self) -> bool:
        pods = self.pods()
        return len(pods) == self._object()["spec"]["replicas"] and all(has_condition(pod, "Ready") for pod in pods)

    def _object(self) -> Object:
        return self.api.get(f"/apis/apps/v1/namespaces/{self.namespace}/{self.kind.lower()}s/{self.name}")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
