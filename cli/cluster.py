"""The cluster of a stack: its Secrets, its jobs, and its Services from outside."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException

from .errors import ProjectError
from .forward import Target, forward
from .pod_exec import SECONDS, run_in_pod
from .restart import restart
from .stack import SecretKey

POLL_SECONDS = 1.0
KEEP_SECONDS = 3600
COMPONENT = "annotation-project"


@dataclass(frozen=True)
class JobResults:
    """What the jobs of a project said: the newest report, and the last line of a failure that came after it."""

    report: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def then(self, word: str) -> JobResults:
        """The same after another job has ended with this word: a report in JSON, or what went wrong."""
        try:
            report = json.loads(word)
        except ValueError:
            report = None
        if isinstance(report, dict):
            return JobResults(report)
        return replace(self, problem=word.splitlines()[-1])


@dataclass(frozen=True)
class Cluster:
    """One namespace, reached through a context of the kubeconfig and no other."""

    context: str
    namespace: str

    @cached_property
    def _api(self) -> Any:
        return self.connect()

    @property
    def _core(self) -> Any:
        return client.CoreV1Api(self._api)

    @property
    def _batch(self) -> Any:
        return client.BatchV1Api(self._api)

    def secret(self, reference: SecretKey) -> str:
        """A value that must never be printed."""
        secret = self._read("Secret", reference.name, self._core.read_namespaced_secret)
        if reference.key not in (secret.data or {}):
            raise ProjectError(f"the Secret {reference.name} has no key {reference.key}")
        return base64.b64decode(secret.data[reference.key]).decode()

    def declaration(self, name: str) -> dict[str, Any]:
        """The declaration that the jobs of a project read."""
        declared = self._read("ConfigMap", name, self._core.read_namespaced_config_map)
        value: dict[str, Any] = json.loads(declared.data["declaration.json"])
        return value

    def run_job(self, cron_job: str, command: list[str], seconds: float) -> str:
        """Run a job of a CronJob now, with this command, and return the last word of its pod."""
        template = self._read("CronJob", cron_job, self._batch.read_namespaced_cron_job).spec.job_template
        spec = template.spec
        spec.ttl_seconds_after_finished = KEEP_SECONDS
        spec.template.spec.containers[0].command = command
        name = f"{cron_job[:52]}-{int(time.time())}"
        body = client.V1Job(metadata={"name": name, "labels": template.metadata.labels}, spec=spec)
        self._batch.create_namespaced_job(self.namespace, body)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self._batch.read_namespaced_job(name, self.namespace).status
            finished = {it.type: it.status for it in status.conditions or []}
            if finished.get("Complete") == "True":
                return self._last_word(f"job-name={name}")
            if finished.get("Failed") == "True":
                raise ProjectError(
                    self._last_word(f"job-name={name}") or f"the job {name} failed; kubectl logs job/{name} may say why"
                )
            time.sleep(POLL_SECONDS)
        raise ProjectError(f"the job {name} has not finished within {seconds:.0f} seconds; it goes on")

    def job_results(self) -> dict[str, JobResults]:
        """What the pods of each project said, by the name of its declaration."""
        pods = self._core.list_namespaced_pod(self.namespace, label_selector=f"app.kubernetes.io/name={COMPONENT}")
        found: dict[str, JobResults] = {}
        for pod in sorted((pod for pod in pods.items if _message(pod)), key=_ended):
            name = pod.metadata.labels["app.kubernetes.io/instance"].removesuffix("-sync")
            found[name] = found.get(name, JobResults()).then(_message(pod))
        return found

    def restart(self, parts: Collection[str]) -> list[str]:
        """Start the pods of these parts again, and wait until they are ready; the names of what was restarted."""
        return [workload.name for workload in restart(self._api, self.namespace, parts)]

    def in_pod(self, service: str, container: str, command: list[str], given: str = "", seconds: int = SECONDS) -> str:
        """What a command prints in a pod of the Service, given a line to read; ProjectError where it fails."""
        pod = self._target(service, self.namespace, None).pod
        api = self.connect()
        return run_in_pod(api, self.namespace, pod, container, command, given=given, seconds=seconds)

    def annotate_claim(self, name: str, annotations: Mapping[str, str]) -> None:
        """Lay annotations over those of a PersistentVolumeClaim."""
        body = {"metadata": {"annotations": dict(annotations)}}
        self._core.patch_namespaced_persistent_volume_claim(name, self.namespace, body)

    @contextmanager
    def service(self, name: str, namespace: str, port: int | None, local_port: int = 0) -> Iterator[int]:
        """A port of this machine's loopback that leads to a pod of the Service.

        Without a ``port`` of the Service it is the first one; a ``local_port`` of 0 is any free one.
        """
        self._target(name, namespace, port)
        # Asked again for each connection: a pod may be replaced meanwhile.
        with forward(self.connect, lambda: self._target(name, namespace, port), local_port) as opened:
            yield opened

    def _target(self, name: str, namespace: str, port: int | None) -> Target:
        core = client.CoreV1Api(self.connect())
        service = self._read("Service", name, core.read_namespaced_service, namespace)
        selector = ",".join(f"{key}={value}" for key, value in (service.spec.selector or {}).items())
        pods: list[Any] = core.list_namespaced_pod(namespace, label_selector=selector).items
        ready = [pod for pod in pods if _is_ready(pod)]
        if not ready:
            raise ProjectError(f"the Service {name} has no pod that is ready")
        target = next(it.target_port for it in service.spec.ports if port in (None, it.port))
        return Target(namespace, ready[0].metadata.name, _container_port(ready[0], target))

    def connect(self) -> Any:
        """A client of its own; ProjectError where the kubeconfig has no such context."""
        try:
            load: Any = config.new_client_from_config
            return load(config_file=os.environ.get("KUBECONFIG"), context=self.context)
        except ConfigException as error:
            raise ProjectError(f"the kubeconfig has no usable context {self.context}: {error}") from None

    def _last_word(self, selector: str) -> str:
        pods = self._core.list_namespaced_pod(self.namespace, label_selector=selector).items
        return next((word for pod in pods if (word := _message(pod))), "")

    def _read(self, kind: str, name: str, read: Any, namespace: str = "") -> Any:
        where = namespace or self.namespace
        try:
            return read(name, where)
        except ApiException as error:
            reason = "is not there" if error.status == 404 else f"cannot be read: {error.reason}"
            raise ProjectError(f"the {kind} {name} in namespace {where} {reason}") from None


def _message(pod: Any) -> str:
    return next((str(state.message).strip() for state in _terminated(pod) if state.message), "")


def _ended(pod: Any) -> Any:
    return max(state.finished_at for state in _terminated(pod))


def _terminated(pod: Any) -> list[Any]:
    return [status.state.terminated for status in pod.status.container_statuses or [] if status.state.terminated]


def _is_ready(pod: Any) -> bool:
    return any(it.type == "Ready" and it.status == "True" for it in pod.status.conditions or [])


def _container_port(pod: Any, target: int | str) -> int:
    if str(target).isdigit():
        return int(target)
    ports = [port for container in pod.spec.containers for port in container.ports or []]
    return int(next(port.container_port for port in ports if port.name == target))
