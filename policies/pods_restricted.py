"""Pods meet the pod security level ``restricted`` (kubernetes.io/docs/concepts/security/pod-security-standards)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.pods import Container, Pod, pods, unreadable_pods
from .checks.releases import label_studio_release, security_contexts
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at, items, mapping

ENFORCE = "pod-security.kubernetes.io/enforce"
VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image",
}  # fmt: skip
RESTRICTED: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
SELINUX = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
SECCOMP = ("RuntimeDefault", "Localhost")
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Namespaces enforce the level, pods meet it, and values of releases do not undo it."""
    for manifest in manifests(resource):
        level = at(manifest.body, "metadata", "labels", ENFORCE)
        if manifest.kind == "Namespace" and level not in _levels(manifest, parameters):
            yield f"{manifest.label}: write the label {ENFORCE}: {parameters['levels'][0]}"
    yield from unreadable_pods(resource)
    for pod in pods(resource):
        yield from (f"{pod.manifest.label}: {problem}" for problem in _pod_problems(pod))
        for container in pod.containers:
            yield from (f"{container.label}: {problem}" for problem in _container_problems(container))
    if release := label_studio_release(resource):
        for path, context in security_contexts(release):
            yield from (f"{release.label}: {path}.{problem}" for problem in _value_problems(context))


def _levels(manifest: Manifest, parameters: Parameters) -> list[Any]:
    # A patch without the label leaves the one that is there.
    return [*parameters["levels"], *([None] if manifest.is_patch else [])]


def _pod_problems(pod: Pod) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield f"remove {key}"
    for index, volume in enumerate(items(pod.spec.get("volumes"))):
        if forbidden := set(mapping(volume)) - VOLUMES - {"name"}:
            yield f"volumes[{index}] is of type {sorted(forbidden)[0]}; use emptyDir or a claim"
    context = mapping(pod.spec.get("securityContext"))
    yield from _user_problems(context)
    for name, value in mapping(pod.metadata.get("annotations")).items():
        if name.startswith(APPARMOR) and not (value == "runtime/default" or str(value).startswith("localhost/")):
            yield f"remove the annotation {name}"
    for sysctl in items(context.get("sysctls")):
        if at(sysctl, "name") not in SYSCTLS:
            yield "securityContext.sysctls has one that is not namespaced; remove it"


def _container_problems(container: Container) -> Iterator[str]:
    context = mapping(container.body.get("securityContext"))
    pod_context = mapping(container.pod.spec.get("securityContext"))
    if container.pod.manifest.is_patch:
        # What it does not set stays as it is.
        context = {**RESTRICTED, **context}
    if context.get("allowPrivilegeEscalation") is not False:
        yield "write securityContext.allowPrivilegeEscalation: false"
    if context.get("privileged"):
        yield "remove securityContext.privileged"
    if "ALL" not in items(at(context, "capabilities", "drop")):
        yield "write securityContext.capabilities.drop: [ALL]"
    if set(map(str, items(at(context, "capabilities", "add")))) - {"NET_BIND_SERVICE"}:
        yield "remove securityContext.capabilities.add"
    if context.get("runAsNonRoot", pod_context.get("runAsNonRoot")) is not True:
        yield "write securityContext.runAsNonRoot: true"
    if at(context.get("seccompProfile", pod_context.get("seccompProfile")), "type") not in SECCOMP:
        yield "write securityContext.seccompProfile.type: RuntimeDefault"
    if context.get("procMount") not in (None, "Default"):
        yield "remove securityContext.procMount"
    if any(at(port, "hostPort") for port in items(container.body.get("ports"))):
        yield "remove hostPort from its ports"
    yield from _user_problems(context)


def _user_problems(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("runAsUser") == 0:
        yield "securityContext.runAsUser is root; write another user"
    if at(context, "windowsOptions", "hostProcess"):
        yield "remove securityContext.windowsOptions.hostProcess"
    if at(context, "seLinuxOptions", "type") not in SELINUX:
        yield "remove type from securityContext.seLinuxOptions"
    if at(context, "seLinuxOptions", "user") or at(context, "seLinuxOptions", "role"):
        yield "remove user and role from securityContext.seLinuxOptions"
    if at(context, "appArmorProfile", "type") == "Unconfined":
        yield "remove securityContext.appArmorProfile"


def _value_problems(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("enabled") not in (None, True):
        yield "enabled must be true"
    if context.get("runAsNonRoot") not in (None, True, UNKNOWN):
        yield "runAsNonRoot must be true"
    if context.get("runAsUser") in (0, "0"):
        yield "runAsUser must not be root"
    for key in ("privileged", "allowPrivilegeEscalation"):
        if context.get(key) not in (None, False):
            yield f"{key} must be false"
    if items(at(context, "capabilities", "add")):
        yield "capabilities.add must be empty"


RULE = Rule(
    name="pods-restricted",
    title="Pods are restricted",
    description="Pods meet the pod security level restricted, and the namespace enforces it.",
    remediation="Run as a numbered user without capabilities or privileges; keep cluster.podSecurity: restricted.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "levels": {
            "type": "array",
            "items": {"enum": ["restricted", "baseline"]},
            "minItems": 1,
            "default": ["restricted"],
            "description": "Pod security levels that a namespace may enforce.",
        }
    },
)
