"""A stack on the cluster, and what can be seen of it from outside of the program."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from local import recovery
from local.cluster.api import Api, Object, wait
from local.engine import Engine
from local.locks import locks
from tests.e2e.label_studio import Session

# Keys of Secrets whose values are names, addresses or certificates that may be seen.
PUBLIC_KEYS = {
    "username",
    "user",
    "root-user",
    "dbname",
    "host",
    "port",
    "access-key",
    "ca.crt",
    "tls.crt",
    "email",
    "endpoint",
}
# Seconds within which a page that is there answers.
PAGE_SECONDS = 60


@dataclass
class Deployment:
    """``log`` gathers everything that the CLI printed."""

    engine: Engine
    namespace: str
    api: Api
    log: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    password: str = ""

    def create(self, killed: bool = False) -> None:
        """Preview, then deploy; ``killed`` kills the first update in the middle, and goes on as `make up` does."""
        self.engine.create()
        self.run("preview", "--diff")
        assert self.objects("namespaces", everywhere=True, name=self.namespace) == [], "a preview must change nothing"
        if killed:
            self._kill_an_update()
            recovery.settle(self.engine, self.api)
        printed = self.run("up")
        assert "pending" not in printed
        assert "locked" not in printed
        self.read_outputs()

    def _kill_an_update(self) -> None:
        """Kill the CLI as it installs Label Studio itself."""

        def kill() -> None:
            wait("a helm release", self._is_being_installed, 600)
            [lock] = locks(self.engine)
            os.kill(lock.process, signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        process = self.engine.operate("up", capture=True, check=False)
        thread.join()
        assert process.returncode == -signal.SIGKILL, process.stdout[-6000:]

    def _is_being_installed(self) -> bool:
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        return bool(self.api.get(path, labelSelector="owner=helm,status=pending-install")["items"])

    def run(self, command: str, *flags: str, check: bool = True) -> str:
        """Run one operation of the CLI and return what it printed; AssertionError with it if that failed."""
        process = self.engine.operate(command, *flags, capture=True, check=False)
        self.log.append(process.stdout)
        assert not check or process.returncode == 0, process.stdout[-6000:]
        return process.stdout

    def refused(self, command: str, *flags: str) -> str:
        """Run one operation that has to fail and return what it printed; AssertionError if it did not fail."""
        process = self.engine.operate(command, *flags, capture=True, check=False)
        self.log.append(process.stdout)
        assert process.returncode != 0, process.stdout[-6000:]
        return process.stdout

    def change(self, settings: Mapping[str, Any]) -> None:
        """Lay further settings over those of the stack; the next operation applies them."""
        self.engine = self.engine.with_settings(settings)

    def read_outputs(self) -> None:
        """Take the outputs that people get."""
        self.outputs = self.engine.outputs()
        self.password = str(self.engine.outputs(show_secrets=True)["administratorPassword"])

    def steps(self, *flags: str) -> dict[str, str]:
        """What an update would do: URN -> operation, without those that stay the same."""
        process = self.engine.operate("preview", "--json", *flags, capture=True)
        plan = json.loads(process.stdout[process.stdout.index("{\n") :])
        return {step["urn"].split("::", 2)[-1]: step["op"] for step in plan["steps"] if step["op"] != "same"}

    def session(self) -> Session:
        """The administrator, logged in; between two pods of the page that takes a moment."""
        session = Session(str(self.outputs["url"]))
        wait("the page to answer", session.serves, PAGE_SECONDS)
        assert session.log_in(self.outputs["administrator"], self.password).status_code == httpx.codes.FOUND
        return session

    def objects(
        self, plural: str, group: str = "", *, everywhere: bool = False, name: str = ""
    ) -> list[dict[str, Any]]:
        """Objects of a kind in the namespace of the stack (or cluster-wide ones)."""
        root = f"/apis/{group}" if group else "/api/v1"
        scope = "" if everywhere else f"/namespaces/{self.namespace}"
        query = {"fieldSelector": f"metadata.name={name}"} if name else {}
        items: list[Object] = self.api.get(f"{root}{scope}/{plural}", **query)["items"]
        return items

    def logs(self, **labels: str) -> str:
        """The logs of all containers of the pods with these labels."""
        return "\n".join(self._logs(labels))

    def _logs(self, labels: Mapping[str, str]) -> Iterator[str]:
        for pod in self.objects("pods"):
            found = pod["metadata"].get("labels", {})
            if not labels.items() <= found.items():
                continue
            for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
                path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}/log"
                yield self.api.text(path, container=container["name"])

    def secret_values(self) -> dict[str, str]:
        """Every secret value in the namespace: name/key -> plaintext."""
        values = {}
        for secret in self.objects("secrets"):
            if secret["type"] == "helm.sh/release.v1":
                continue
            for key, encoded in secret.get("data", {}).items():
                if key not in PUBLIC_KEYS:
                    values[f"{secret['metadata']['name']}/{key}"] = base64.b64decode(encoded).decode(errors="replace")
        return values

    def remove(self) -> None:
        """Take the stack away, whatever state it is in, so that the cluster is as it was."""
        self.engine.unprotect()
        self.engine.operate("destroy", capture=True, check=False)
        if self.objects("namespaces", everywhere=True, name=self.namespace):
            self.api.delete([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}])
            self.await_namespace_gone()

    def await_namespace_gone(self) -> None:
        """Wait until nothing is left in the cluster; tenacity.RetryError after two minutes."""

        @retry(stop=stop_after_delay(120), wait=wait_fixed(1), retry=retry_if_result(bool))
        def left() -> list[Object]:
            return self.objects("namespaces", everywhere=True, name=self.namespace)

        left()
