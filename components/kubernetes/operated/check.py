"""Waits until the servers of an operator's resource run what was asked for, or says why they do not.

It runs in a pod of Label Studio's image with nothing but the standard library. ``EXPECTED`` is the JSON of
``components.operated.Rollout`` with the resource; the pod's service account may read what is named there.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Object = Mapping[str, Any]
Read = Callable[..., Any]
Troubles = dict[tuple[str, str], str]

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
POLL_SECONDS = 3.0
# The kubelet tries three times within this time to pull an image: a registry that stumbles once is no failure.
PATIENCE_SECONDS = 60.0
# What no waiting fixes: an image that is not there, a container that cannot be made, a pod that is not admitted.
HOPELESS = re.compile(r"image|Create\w+Error|FailedCreate")
STARTING = {"ContainerCreating", "PodInitializing"}
TAG_VERSION = re.compile(r":v?(\d+(?:\.\d+)*)[^/]*$")


def main() -> None:
    """Ends with the exit code 0 when all servers are as expected, and with 1 and the reason otherwise."""
    expected = json.loads(os.environ["EXPECTED"])
    problem = wait(expected, reader(os.environ["NAMESPACE"]), float(os.environ["SECONDS_TO_WAIT"]))
    if problem:
        sys.exit(problem)
    print(f"{_subject(expected)}: all servers are ready with {_wanted(expected)}.")  # noqa: T201


def wait(
    expected: Object,
    read: Read,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """None as soon as the servers are as expected; the reason when they cannot be, or are not after ``seconds``."""
    began = clock()
    since: dict[tuple[str, str], float] = {}
    while True:
        pending, troubles = _look(expected, read)
        if not pending:
            return None
        now = clock()
        since = {key: since.get(key, now) for key in troubles}
        hopeless = [
            troubles[key] for key, first in since.items() if now - first >= PATIENCE_SECONDS and HOPELESS.match(key[1])
        ]
        if hopeless or now - began >= seconds:
            reasons = "; ".join(hopeless or [*pending, *troubles.values()])
            return f"{_subject(expected)}: not all servers are ready with {_wanted(expected)}: {reasons}"
        sleep(POLL_SECONDS)


def _subject(expected: Object) -> str:
    return f"{expected['kind']} {expected['name']}"


def _wanted(expected: Object) -> str:
    return str(expected["image"] or f"version {expected['version']}")


def _look(expected: Object, read: Read) -> tuple[list[str], Troubles]:
    """What is still to come, and what troubles pods: by the name of the pod and a word for the trouble."""
    try:
        found = read("/api/v1", "pods", labelSelector=expected["selector"])["items"]
        pods = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        pending = list(
            _resource(expected, read(f"/apis/{expected['api_version']}", expected["plural"], expected["name"]))
        )
        troubles = dict(_troubles(pods))
        if not expected["stateful_sets"]:
            pending += _pods(expected, pods)
        for name in expected["stateful_sets"]:
            workload = read("/apis/apps/v1", "statefulsets", name)
            pending += _stateful_set(expected, name, workload)
            if workload and workload.get("status", {}).get("replicas", 0) < workload["spec"]["replicas"]:
                troubles |= _not_admitted(name, read)
    except (OSError, HTTPException, ValueError) as error:
        return [f"the API server does not answer: {error}"], {}
    return pending, troubles


def _resource(expected: Object, found: Object | None) -> Iterator[str]:
    status = (found or {}).get("status") or {}
    said = next((str(status[key]) for key in ("phaseReason", "message", "healthMessage") if status.get(key)), "")
    actual = {key: status.get(key) for key in expected["status"]}
    actual |= {kind: _condition(status, kind) for kind in expected["conditions"]}
    for key, value in {**expected["status"], **expected["conditions"]}.items():
        if actual[key] != value:
            yield f"{key} is {actual[key] or 'not set'} instead of {value}{f' ({said})' if said else ''}"


def _condition(status: Object, kind: str) -> str | None:
    return next((str(each["status"]) for each in status.get("conditions", []) if each["type"] == kind), None)


def _stateful_set(expected: Object, name: str, found: Object | None) -> Iterator[str]:
    if found is None:
        yield f"the StatefulSet {name} is not there"
        return
    container = _container(expected, found["spec"]["template"]["spec"])
    if not _runs(expected, container):
        yield f"the StatefulSet {name} has {_described(expected, container)}"
    status, replicas = found.get("status", {}), found["spec"]["replicas"]
    is_seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    ready = min(status.get("updatedReplicas", 0), status.get("readyReplicas", 0)) if is_seen else 0
    if ready < max(replicas, 1):
        yield f"the StatefulSet {name} has {ready} of {replicas} servers updated and ready"


def _pods(expected: Object, pods: Sequence[Object]) -> Iterator[str]:
    updated = [pod for pod in pods if _runs(expected, _container(expected, pod["spec"]))]
    ready = sum(_condition(pod["status"], "Ready") == "True" for pod in updated)
    if ready < expected["servers"] or len(updated) < len(pods):
        yield f"{ready} of {expected['servers']} servers are updated and ready"


def _container(expected: Object, pod: Object) -> Object | None:
    return next((each for each in pod["containers"] if each["name"] == expected["container"]), None)


def _runs(expected: Object, container: Object | None) -> bool:
    if container is None:
        return False
    if expected["image"]:
        return bool(container["image"] == expected["image"])
    version = _version(expected, container)
    # An operator may be set to run a newer version than asked for, and one that tells none cannot be asked.
    return version is None or _numbers(version) >= _numbers(expected["version"])


def _version(expected: Object, container: Object) -> str | None:
    if expected["version_variable"]:
        variables = {each["name"]: each.get("value") for each in container.get("env", [])}
        return variables.get(expected["version_variable"])
    tag = TAG_VERSION.search(container["image"].partition("@")[0])
    return tag[1] if tag else None


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _described(expected: Object, container: Object | None) -> str:
    if container is None:
        return f"no container {expected['container']}"
    version = None if expected["image"] else _version(expected, container)
    return f"version {version}" if version else f"the image {container['image']}"


def _troubles(pods: Sequence[Object]) -> Iterator[tuple[tuple[str, str], str]]:
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status", {})
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            waiting = container.get("state", {}).get("waiting") or {}
            reason = waiting.get("reason", "")
            if not reason or reason in STARTING:
                continue
            ended = (container.get("lastState", {}).get("terminated") or {}).get("message", "").strip()
            details = ": ".join(text for text in (reason, waiting.get("message"), ended) if text)
            # Between attempts to pull, and while one fails, the reasons differ.
            word = "image" if "Image" in reason else reason
            yield (f"{name}/{container['name']}", word), f"pod {name}, container {container['name']}: {details}"
        for condition in status.get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield (name, "scheduling"), f"pod {name} is not scheduled: {condition.get('message', '')}"


def _not_admitted(stateful_set: str, read: Read) -> Troubles:
    selector = f"reason=FailedCreate,involvedObject.kind=StatefulSet,involvedObject.name={stateful_set}"
    events = read("/api/v1", "events", fieldSelector=selector)["items"]
    newest = max(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime")), default=None)
    if newest is None:
        return {}
    return {(stateful_set, "FailedCreate"): f"StatefulSet {stateful_set}: FailedCreate: {newest.get('message', '')}"}


def reader(namespace: str) -> Read:
    """Reads objects of the namespace as the pod's service account; None where there is no such object."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def read(api: str, plural: str, name: str = "", **query: str) -> Any:
        path = f"{api}/namespaces/{namespace}/{plural}{f'/{name}' if name else ''}"
        # The kubelet replaces the token long before it expires.
        headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"}
        request = Request(f"{server}{path}?{urlencode(query)}", headers=headers)  # noqa: S310 - https, as above
        try:
            with urlopen(request, timeout=20, context=trust) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise

    return read


if __name__ == "__main__":
    main()
