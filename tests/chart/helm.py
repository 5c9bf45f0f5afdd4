"""Renders the embedded chart with the real helm, and checks the result with kubeconform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.tools.build import tool

DIRECTORY = Path(__file__).parents[2] / "charts" / "label-studio"
KUBERNETES = "1.34.4"


class RefusedError(Exception):
    """helm does not render the chart with these values; the text is helm's."""


@dataclass(frozen=True)
class Objects:
    """What a chart renders: by kind, since this one has at most one of each."""

    text: str

    def all(self) -> list[dict[str, Any]]:
        """Every object."""
        return [document for document in yaml.safe_load_all(self.text) if document]

    def has(self, kind: str) -> bool:
        """Whether there is an object of the kind."""
        return any(document["kind"] == kind for document in self.all())

    def __getitem__(self, kind: str) -> dict[str, Any]:
        found = [document for document in self.all() if document["kind"] == kind]
        assert len(found) == 1, f"{len(found)} objects of kind {kind}"
        return found[0]

    @property
    def pod(self) -> dict[str, Any]:
        """The pod of the Deployment."""
        spec: dict[str, Any] = self["Deployment"]["spec"]["template"]["spec"]
        return spec

    def container(self, name: str) -> dict[str, Any]:
        """One container of the pod, init containers included."""
        return next(c for c in [*self.pod["initContainers"], *self.pod["containers"]] if c["name"] == name)

    def environment(self, container: str) -> dict[str, str | tuple[str, str]]:
        """The variables of a container."""
        return environment_of(self.container(container))


def environment_of(container: Mapping[str, Any]) -> dict[str, str | tuple[str, str]]:
    """Variables, none of them twice: their values, or (Secret, key)."""
    names = [variable["name"] for variable in container["env"]]
    assert len(names) == len(set(names)), f"variables set twice in {container['name']}: {sorted(names)}"
    return {variable["name"]: _value(variable) for variable in container["env"]}


def _value(variable: Mapping[str, Any]) -> str | tuple[str, str]:
    if "valueFrom" in variable:
        secret = variable["valueFrom"]["secretKeyRef"]
        return secret["name"], secret["key"]
    return str(variable["value"])


@dataclass(frozen=True)
class Chart:
    """The embedded chart, with the schemas of the objects that it makes."""

    schemas: Path

    def render(self, values: Mapping[str, Any], release: str = "demo", namespace: str = "ls") -> Objects:
        """What ``helm install`` would apply; RefusedError with helm's words if it would not."""
        return Objects(_helm(values, "template", release, DIRECTORY, "--namespace", namespace))

    def lint(self, values: Mapping[str, Any]) -> str:
        """What ``helm lint --strict`` says."""
        return _helm(values, "lint", DIRECTORY, "--strict")

    def conforms(self, objects: Objects) -> None:
        """Kubernetes' own schemas know every field of every object, and its type."""
        location = f"{self.schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
        finished = subprocess.run(
            [tool("kubeconform"), "-strict", "-summary", "-output", "json", "-schema-location", location],
            input=objects.text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        summary = json.loads(finished.stdout)["summary"]
        assert summary["valid"] == len(objects.all()), summary


def _helm(values: Mapping[str, Any], *arguments: str | Path) -> str:
    finished = subprocess.run(
        [tool("helm"), *arguments, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RefusedError(finished.stdout + finished.stderr)
    return finished.stdout
