"""Why an object is not ready: its conditions, its pods, their events and last words; never a secret's value."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local.plugins.kubernetes.client import ApiError, Client, Manifest

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")
_LOG_LINES = 10
_MOST_EVENTS = 5
# Shorter values would blot out ordinary words.
_SHORTEST_SECRET = 4


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without these values, longest first so that one inside another leaves nothing behind."""
    lines = {part for secret in secrets for part in (secret, *secret.splitlines()) if len(part) >= _SHORTEST_SECRET}
    for secret in sorted(lines, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


def explain(client: Client, obj: Manifest) -> list[str]:
    """What can be learnt of an object that is not ready. Best effort: it must not hide that the object is not ready."""
    try:
        return list(_explain(client, obj))
    except (ApiError, LookupError, TypeError) as error:
        return [f"(no further details: {error})"]


def _explain(client: Client, obj: Manifest) -> Iterator[str]:
    yield from _conditions(obj)
    pods = _pods(client, obj)
    secrets = {value for pod in pods for value in _secret_values(client, pod)}
    yield from _events(client, obj)
    for pod in pods:
        for line in _pod(client, pod):
            yield redact(line, secrets)


def _conditions(obj: Manifest) -> Iterator[str]:
    for condition in obj.get("status", {}).get("conditions") or []:
        told = condition.get("message") or condition.get("reason")
        if condition.get("status") != "True" and told:
            yield f"{obj['kind']} {obj['metadata']['name']}: {condition.get('type')}={condition.get('status')}: {told}"


def _pods(client: Client, obj: Manifest) -> list[Manifest]:
    if obj["kind"] == "Pod":
        return [obj]
    labels = obj.get("spec", {}).get("selector", {}).get("matchLabels") if obj["kind"] in _WORKLOADS else None
    if not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return client.find("v1", "Pod", obj["metadata"].get("namespace", ""), labelSelector=selector)


def _pod(client: Client, pod: Manifest) -> Iterator[str]:
    status = pod.get("status", {})
    ready = any(found["type"] == "Ready" and found["status"] == "True" for found in status.get("conditions") or [])
    if ready or status.get("phase") == "Succeeded":
        return
    name = pod["metadata"]["name"]
    for found in status.get("conditions") or []:
        if found["type"] == "PodScheduled" and found["status"] == "False":
            yield f"Pod {name}: not scheduled: {found.get('message')}"
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        yield from _container(client, pod, container)
    yield from _events(client, pod)


def _container(client: Client, pod: Manifest, container: Mapping[str, Any]) -> Iterator[str]:
    where = f"Pod {pod['metadata']['name']}, container {container['name']}"
    waiting = container.get("state", {}).get("waiting")
    if waiting and waiting.get("reason") not in ("ContainerCreating", "PodInitializing"):
        yield f"{where}: {waiting.get('reason')}: {waiting.get('message', '')}"
    ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    if ended and ended.get("exitCode"):
        yield f"{where}: ended with exit code {ended['exitCode']} ({ended.get('reason', '')})"
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        log = client.pod_log(namespace, name, container["name"], _LOG_LINES)
        if log.strip():
            yield f"{where}: last log lines:\n" + "\n".join(f"    {line}" for line in log.strip().splitlines())


def _events(client: Client, obj: Manifest) -> Iterator[str]:
    uid = obj["metadata"].get("uid", "")
    namespace = obj["metadata"].get("namespace", "")
    found = client.find("v1", "Event", namespace, fieldSelector=f"involvedObject.uid={uid},type=Warning")
    for event in found[-_MOST_EVENTS:]:
        yield f"{obj['kind']} {obj['metadata']['name']}: {event.get('reason')}: {event.get('message', '')}"


def _secret_values(client: Client, pod: Manifest) -> Iterator[str]:
    for name in sorted(_secret_names(pod["spec"])):
        try:
            data = client.get("v1", "Secret", pod["metadata"]["namespace"], name).get("data") or {}
        except ApiError:
            continue
        for value in data.values():
            yield value
            yield base64.b64decode(value).decode(errors="ignore")


def _secret_names(spec: Mapping[str, Any]) -> Iterator[str]:
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        references = [entry.get("valueFrom", {}).get("secretKeyRef") for entry in container.get("env") or []]
        references += [entry.get("secretRef") for entry in container.get("envFrom") or []]
        yield from (reference["name"] for reference in references if reference)
    for volume in spec.get("volumes") or []:
        if "secret" in volume:
            yield volume["secret"]["secretName"]
        sources = volume.get("projected", {}).get("sources") or []
        yield from (source["secret"]["name"] for source in sources if "secret" in source)
