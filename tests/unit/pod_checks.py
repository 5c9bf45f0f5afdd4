"""What every pod of the stack has to meet, as a check that tests of all components share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.unit.pulumi_mocks import Program, RegisteredResource

WORKLOADS = {"kubernetes:apps/v1:StatefulSet", "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"}


def workloads(program: Program) -> list[RegisteredResource]:
    """Everything that makes pods."""
    return [resource for resource in program if resource.type in WORKLOADS]


def pod_of(workload: RegisteredResource) -> Mapping[str, Any]:
    """The pod's specification."""
    spec: Mapping[str, Any] = workload.inputs["spec"]["template"]["spec"]
    return spec


def variables(container: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of the environment by name; a reference to a Secret is ``(secret, key)``."""
    return {item["name"]: item["value"] if "value" in item else _reference(item) for item in container["env"]}


def _reference(variable: Mapping[str, Any]) -> tuple[str, str]:
    reference = variable["valueFrom"]["secretKeyRef"]
    return reference["name"], reference["key"]


def assert_restricted(pod: Mapping[str, Any]) -> None:
    """The level ``restricted`` of the pod security standards, and what this program demands on top."""
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True and security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all(not {"hostPath"} & volume.keys() for volume in pod["volumes"])
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        assert_restricted_container(container)


def assert_restricted_container(container: Mapping[str, Any]) -> None:
    security = container["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["readOnlyRootFilesystem"] is True
    assert {"cpu", "memory"} == container["resources"]["requests"].keys() == container["resources"]["limits"].keys()


def assert_mounts_exist(pod: Mapping[str, Any], claims: Iterable[str] = ()) -> None:
    """Every mount names a volume of the pod (or a claim), and every volume is mounted."""
    containers = [*pod["containers"], *pod.get("initContainers", [])]
    mounted = {mount["name"] for container in containers for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]} | set(claims)
