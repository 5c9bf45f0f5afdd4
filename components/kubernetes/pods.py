"""The shape that every pod of the stack shares: pod security level ``restricted``, no access to the API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pydantic.alias_generators import to_camel

from ..connections import SecretKey
from .names import fitted

PART_OF = "label-studio"
ResourceRequirements = Mapping[str, Mapping[str, str]]

# Set-up jobs run psql or mc once; mc was seen killed at 128Mi.
JOB_RESOURCES: ResourceRequirements = {
    "requests": {"cpu": "50m", "memory": "256Mi"},
    "limits": {"cpu": "500m", "memory": "256Mi"},
}


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where pods may run, and the Secrets with which their images are pulled."""

    image_pull_secrets: Sequence[pulumi.Input[str]] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[k8s.core.v1.TolerationArgsDict] = ()

    def pull_secrets(self) -> list[k8s.core.v1.LocalObjectReferenceArgsDict]:
        """The references to pull Secrets, which custom resources of operators want in the same form."""
        return [{"name": name} for name in self.image_pull_secrets]


def labels(component: str, instance: str) -> dict[str, str]:
    """The recommended labels; network policies of the stack select pods by them."""
    return {**selector(component, instance), "app.kubernetes.io/part-of": PART_OF}


def selector(component: str, instance: str) -> dict[str, str]:
    """The labels that tell the pods of one component from all others; immutable in a StatefulSet."""
    return {
        "app.kubernetes.io/name": component,
        "app.kubernetes.io/instance": fitted(instance),
        "app.kubernetes.io/component": component,
    }


def container_security() -> k8s.core.v1.SecurityContextArgsDict:
    """What the ``restricted`` level demands of a container, and a read-only root file system on top."""
    return {
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "run_as_non_root": True,
        "capabilities": {"drop": ["ALL"]},
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def pod_security(user: int) -> k8s.core.v1.PodSecurityContextArgsDict:
    """A fixed numeric user, so that ``runAsNonRoot`` holds for every image, and volumes that its group may write."""
    return {**user_security(user), "run_as_group": user}


def user_security(user: int | None) -> k8s.core.v1.PodSecurityContextArgsDict:
    """As ``pod_security`` for a user whose group the image decides, or for one that the platform assigns."""
    security: k8s.core.v1.PodSecurityContextArgsDict = {
        "run_as_non_root": True,
        "fs_group_change_policy": "OnRootMismatch",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    return security if user is None else {**security, "run_as_user": user, "fs_group": user}


def pod_spec(
    placement: Placement,
    security: k8s.core.v1.PodSecurityContextArgsDict,
    containers: Sequence[k8s.core.v1.ContainerArgsDict],
    volumes: Sequence[k8s.core.v1.VolumeArgsDict] = (),
) -> k8s.core.v1.PodSpecArgsDict:
    """A pod without a service account token and without the environment variables of the namespace's Services."""
    return {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": security,
        "image_pull_secrets": placement.pull_secrets(),
        "node_selector": placement.node_selector,
        "tolerations": placement.tolerations,
        "containers": containers,
        "volumes": volumes,
    }


def camel_case(tree: Any) -> Any:
    """An argument of the SDK in the spelling of the API, as charts take it."""
    if isinstance(tree, Mapping):
        return {to_camel(key): camel_case(value) for key, value in tree.items()}
    return [camel_case(value) for value in tree] if isinstance(tree, list) else tree


def resources(requirements: ResourceRequirements) -> k8s.core.v1.ResourceRequirementsArgsDict:
    """The requests and limits of a container."""
    return {"requests": requirements["requests"], "limits": requirements["limits"]}


def env(name: str, value: pulumi.Input[str]) -> k8s.core.v1.EnvVarArgsDict:
    """A variable that is not secret."""
    return {"name": name, "value": value}


def secret_env(name: str, secret: SecretKey) -> k8s.core.v1.EnvVarArgsDict:
    """A variable whose value the kubelet reads from a Secret; the container does not start before that exists."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret.name, "key": secret.key}}}


def scratch(name: str, size_limit: str = "64Mi") -> k8s.core.v1.VolumeArgsDict:
    """A directory to write to under a read-only root file system; it is gone with the pod."""
    return {"name": name, "empty_dir": {"size_limit": size_limit}}


def shared_memory(name: str, size_limit: str = "128Mi") -> k8s.core.v1.VolumeArgsDict:
    """For /dev/shm, where containers get 64 MiB otherwise; it counts as memory of the container."""
    return {"name": name, "empty_dir": {"medium": "Memory", "size_limit": size_limit}}


def secret_files(
    name: str, secret_name: pulumi.Input[str], files: Mapping[str, str], mode: int = 0o440
) -> k8s.core.v1.VolumeArgsDict:
    """Some keys of a Secret as files (key -> file name), by default readable by the pod's group only."""
    items: list[k8s.core.v1.KeyToPathArgsDict] = [{"key": key, "path": path} for key, path in files.items()]
    return {"name": name, "secret": {"secret_name": secret_name, "items": items, "default_mode": mode}}


def mount(name: str, path: str, *, read_only: bool = False) -> k8s.core.v1.VolumeMountArgsDict:
    """A volume of the pod in a container."""
    return {"name": name, "mount_path": path, "read_only": read_only}
