"""What to type where the cluster keeps an object waiting: a setting to change, or a command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Parts of the names of objects, and the key of a stack file that decides about them; the first match counts.
_KEYS = {
    "-ls-worker": "labelStudio.worker",
    "-ls-": "labelStudio",
    "-postgresql": "postgresql",
    "-redis": "redis",
    "-store": "objectStore",
}
_ADMISSION = {
    r'admission webhook "([^"]+)" denied': "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    r'failed calling webhook "([^"]+)"': "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    r"ValidatingAdmissionPolicy '([^']+)'": "kubectl get validatingadmissionpolicy {0} --output yaml",
}
IMAGE = "Check the tag in images, images.mirror, and cluster.imagePullSecrets for a private registry."


def of_refusal(message: str, name: str, kubectl: str) -> tuple[str, str]:
    """The kind of a refusal to create a pod or a claim, and what to do about it."""
    resources = _resources(name)
    if quota := re.search(r"(?:exceeded|failed) quota: ([^:,\s]+)", message):
        return "quota", f"Raise the quota: {kubectl} edit resourcequota {quota[1]}; or lower {resources}."
    if re.search(r"(maximum|minimum|limit to request ratio) .*usage per|LimitRange", message):
        return "limit", f"Write {resources} within the limits of: {kubectl} get limitrange --output yaml"
    for pattern, command in _ADMISSION.items():
        if found := re.search(pattern, message):
            show = command.format(found[1]).replace("kubectl", kubectl.partition(" --namespace")[0])
            return "admission", f"Ask the owner of {found[1]} to admit these pods: {show}"
    if "violates PodSecurity" in message:
        return "security", "Write the level that these pods need into cluster.podSecurity, or label the namespace so."
    return "refusal", f"See {kubectl} get events --sort-by .lastTimestamp"


def of_unscheduled(message: str, name: str, kubectl: str) -> str:
    """What to do where no node takes a pod."""
    if "Insufficient" in message:
        return f"Add a node, or lower {_resources(name)}."
    if "taint" in message or "affinity" in message or "selector" in message:
        return f"See {_key(name).partition('.')[0] or 'its'}.scheduling, and {kubectl} describe pod {name}"
    return describe(kubectl, "pod", name)


def describe(kubectl: str, kind: str, name: str) -> str:
    """Where Kubernetes has more to say."""
    return f"See {kubectl} describe {kind} {name}"


def logs(kubectl: str, pod: str, container: Mapping[str, Any], *flags: str) -> str:
    """What a container wrote; ``--previous`` is that which ended."""
    return " ".join([f"See {kubectl} logs {pod} --container {container['name']}", *flags])


def class_key(claim: str) -> str:
    """The setting with the class of a claim."""
    key = _key(claim)
    if claim.endswith("-postgresql-dumps"):
        return f"{key}.dumps.storageClass"
    return f"{key}.{'persistence' if key == 'labelStudio' else 'storage'}.storageClass" if key else "storageClass"


def no_class(key: str, claim: str, kubectl: str) -> str:
    """What to do where the class of a claim does not exist. A claim keeps its class: it has to be made again."""
    server = re.fullmatch(r"data-(.+)-\d+", claim)
    owner = f" && {kubectl} delete statefulset {server[1]}" if server else ""
    return (
        f"Write an existing class into {key}, type {kubectl} delete pvc {claim} --wait=false{owner}, and deploy again."
    )


def no_default(key: str, kubectl: str) -> str:
    """What to do where a claim names no class and none is the default."""
    command = kubectl.partition(" --namespace")[0]
    return (
        f"Write a class into {key}, or make one the default, which the claim then gets: {command} annotate "
        "storageclass NAME storageclass.kubernetes.io/is-default-class=true"
    )


def _key(name: str) -> str:
    return next((key for part, key in _KEYS.items() if part in name), "")


def _resources(name: str) -> str:
    key = _key(name)
    return f"{key}.resources" if key and "-setup" not in name and "-check" not in name else "the requests of other pods"
