"""The objects of a namespace that cannot become ready, and what the cluster says about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from . import remedies
from .last_words import last_line, shown

Object = Mapping[str, Any]
# The object or list at a path of the API, or None where it is not there or may not be read.
Read = Callable[[str], Object | None]
# The text at a path, such as a log; empty where there is none or it may not be read.
Text = Callable[[str], str]
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
# Seconds that each state may last while everything is as it should be: a pod is looked at before its claim is bound,
# a registry or a node is busy, a cloud makes a volume.
REFUSED, UNBOUND, UNSCHEDULED, UNPULLED, UNMOUNTED, UNPROVISIONED = 2, 5, 15, 10, 30, 45
PULL_ERRORS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
START_ERRORS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
# How the API's clients begin the newest of many events about the same object.
SIMILAR = "(combined from similar events): "
CRASHED = "CrashLoopBackOff"
# Seconds after its start from which a container should be ready; one of the page takes about thirty.
READY_AFTER = 45
LINES = 20
# Reasons of events about a pod that a node has but whose containers it cannot begin.
NOT_STARTED = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")


@dataclass(frozen=True)
class Reason:
    """One thing that an object waits for; ``patience`` is how many seconds it may do so without being told."""

    about: str
    cause: str
    text: str
    remedy: str
    patience: int

    def __str__(self) -> str:
        text = " ".join(self.text.removeprefix(SIMILAR).split()).rstrip(".")
        return f"{self.about}: {text}. {self.remedy}"


@dataclass(frozen=True)
class Observer:
    """Looks at a namespace; ``kubectl`` is how a person types a command there, ``release`` begins our names."""

    read: Read
    namespace: str
    kubectl: str
    release: str = "label-studio"
    text: Text = lambda _: ""

    def reasons(self) -> list[Reason]:
        """What keeps objects of the stack from being ready now."""
        look = _Look(self)
        return [*look.without_pods(), *look.claims(), *look.pods()]


class _Look:
    """One look, in which each list is read once."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def without_pods(self) -> Iterator[Reason]:
        """StatefulSets, ReplicaSets and Jobs that may not make their pods or claims."""
        for kind, plural in (("StatefulSet", "statefulsets"), ("ReplicaSet", "replicasets")):
            for item in self._list(f"apps/v1/namespaces/{{}}/{plural}"):
                if item.get("status", {}).get("replicas", 0) < item["spec"].get("replicas", 1):
                    yield from self._refused(kind, item)
        for item in self._list("batch/v1/namespaces/{}/jobs"):
            status = item.get("status", {})
            if not any(status.get(key) for key in ("active", "succeeded", "failed", "conditions")):
                yield from self._refused("Job", item)

    def _refused(self, kind: str, item: Object) -> Iterator[Reason]:
        name = item["metadata"]["name"]
        if message := self._said(item, "FailedCreate") or _failure(item):
            cause, remedy = remedies.of_refusal(message, name, self._observer.kubectl)
            yield Reason(f"{kind} {name} cannot create its pod", cause, message, remedy, REFUSED)

    def claims(self) -> Iterator[Reason]:
        """Claims without a volume, by their class."""
        for claim in self._pending_claims:
            name, wanted = claim["metadata"]["name"], claim["spec"].get("storageClassName")
            about, key = f"PersistentVolumeClaim {name} is not bound", remedies.class_key(name)
            classes = self._classes
            if classes is not None and not wanted and wanted != "":
                text = f"it names no StorageClass, and the cluster has no default one (it has: {_listed(classes)})"
                yield Reason(about, "default", text, remedies.no_default(key, self._observer.kubectl), UNBOUND)
            elif classes is not None and wanted and wanted not in classes:
                text = f"there is no StorageClass {wanted} (the cluster has: {_listed(classes)})"
                yield Reason(about, "class", text, remedies.no_class(key, name, self._observer.kubectl), UNBOUND)
            elif message := self._said(claim, "ProvisioningFailed", "FailedBinding"):
                yield Reason(about, "volume", message, remedies.describe(self._observer.kubectl, "pvc", name), UNBOUND)
            elif message := self._said(claim, "ExternalProvisioning"):
                remedy = remedies.describe(self._observer.kubectl, "pvc", name)
                yield Reason(about, "provisioner", message, remedy, UNPROVISIONED)

    def pods(self) -> Iterator[Reason]:
        """Pods that are not scheduled, or whose containers do not start."""
        for pod in self._list("v1/namespaces/{}/pods"):
            if "deletionTimestamp" not in pod["metadata"]:
                yield from self._unscheduled(pod)
                yield from self._unstarted(pod)

    def _unscheduled(self, pod: Object) -> Iterator[Reason]:
        name, kubectl = pod["metadata"]["name"], self._observer.kubectl
        for condition in pod["status"].get("conditions", []):
            message = condition.get("message", "")
            # Of an unbound claim, the claim itself says more.
            is_claim_s = "unbound immediate PersistentVolumeClaims" in message and self._pending_claims
            if condition["type"] == "PodScheduled" and condition["status"] == "False" and not is_claim_s:
                remedy = remedies.of_unscheduled(message, name, kubectl)
                yield Reason(f"Pod {name} is not scheduled", "scheduling", message, remedy, UNSCHEDULED)

    def _unstarted(self, pod: Object) -> Iterator[Reason]:
        name, kubectl, status = pod["metadata"]["name"], self._observer.kubectl, pod["status"]
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            waiting = container.get("state", {}).get("waiting") or {}
            reason, message = waiting.get("reason", ""), waiting.get("message", "")
            about = f"Container {container['name']} of pod {name}"
            if reason in PULL_ERRORS:
                text = f"image {container['image']} cannot be pulled: {message or reason}"
                yield Reason(about, "image", text, remedies.IMAGE, UNPULLED)
            elif reason in START_ERRORS:
                remedy = remedies.describe(kubectl, "pod", name)
                yield Reason(about, reason, f"cannot start: {message or reason}", remedy, UNPULLED)
            elif (ended := _ended(container)) is not None:
                text = f"it ends again and again, with exit code {ended}"
                remedy = remedies.logs(kubectl, name, container, "--previous")
                yield Reason(about, CRASHED, f"{text}{self._last_words(name, container)}", remedy, 0)
            elif message := self._not_ready(pod, container):
                remedy = remedies.logs(kubectl, name, container)
                yield Reason(about, "probe", f"it is not ready: {message}", remedy, 0)
            elif reason in {"ContainerCreating", "PodInitializing"} and (message := self._said(pod, *NOT_STARTED)):
                yield Reason(f"Pod {name}", "volume", message, remedies.describe(kubectl, "pod", name), UNMOUNTED)
                return

    def _last_words(self, pod: str, container: Object) -> str:
        """What a container that ended wrote last; it is what the node has of it, or else its log."""
        said = last_line(str(_last_end(container).get("message", "")))
        root = f"/api/v1/namespaces/{self._observer.namespace}/pods/{pod}/log?container={container['name']}"
        # The one that ended is no longer the previous one once its successor has ended.
        previous = "" if container.get("state", {}).get("terminated") else "&previous=true"
        said = said or last_line(self._observer.text(f"{root}&tailLines={LINES}{previous}"))
        return f": {said}" if said else ""

    def _not_ready(self, pod: Object, container: Object) -> str:
        """What a probe says of a container that has run for longer than it should need."""
        running = container.get("state", {}).get("running") or {}
        started = running.get("startedAt")
        if not started or container.get("ready", True) or _age(started) < READY_AFTER:
            return ""
        return shown(self._said(pod, "Unhealthy", container=str(container["name"])))

    @cached_property
    def _pending_claims(self) -> list[Object]:
        claims = self._list("v1/namespaces/{}/persistentvolumeclaims")
        return [claim for claim in claims if claim.get("status", {}).get("phase") == "Pending"]

    @cached_property
    def _classes(self) -> Sequence[str] | None:
        """The names of the StorageClasses, or None where these credentials may not list them."""
        found = self._observer.read(CLASSES)
        return None if found is None else [item["metadata"]["name"] for item in found.get("items", [])]

    @cached_property
    def _events(self) -> list[Object]:
        found = self._observer.read(f"/api/v1/namespaces/{self._observer.namespace}/events") or {}
        return sorted(found.get("items", []), key=_when)

    def _said(self, item: Object, *reasons: str, container: str = "") -> str:
        """The newest message about an object, or a container of it, that has one of these reasons."""
        uid = item["metadata"]["uid"]
        said = [
            event["message"]
            for event in self._events
            if event["involvedObject"].get("uid") == uid
            and event.get("reason") in reasons
            and event.get("message")
            and container in event["involvedObject"].get("fieldPath", "")
        ]
        return str(said[-1]) if said else ""

    def _list(self, path: str) -> list[Object]:
        """Objects of the stack; in a namespace that is shared, those of others are none of its business."""
        root = "/api/" if path.startswith("v1/") else "/apis/"
        found = self._observer.read(f"{root}{path.format(self._observer.namespace)}") or {}
        return [item for item in found.get("items", []) if self._observer.release in item["metadata"]["name"]]


def _failure(item: Object) -> str:
    conditions = item.get("status", {}).get("conditions", [])
    return next((each.get("message", "") for each in conditions if each["type"] == "ReplicaFailure"), "")


def _last_end(container: Object) -> Object:
    """How a container ended the last time, if it did."""
    ends = (container.get(key, {}).get("terminated") for key in ("state", "lastState"))
    found: Object = next((end for end in ends if end), {})
    return found


def _ended(container: Object) -> int | None:
    """The exit code of a container that ends again and again; None of one that was ready since, or ends by itself."""
    waits = (container.get("state", {}).get("waiting") or {}).get("reason") == CRASHED
    again = container.get("restartCount", 0) > 0 and not container.get("ready", False)
    code = int(_last_end(container).get("exitCode", 0))
    # Between two attempts it runs or has just ended, and is the same failure.
    return code if waits or (again and code) else None


def _age(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def _when(event: Object) -> str:
    """In the form of RFC 3339, whose order as text is that of time; some events have one of these, some another."""
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(event.get("lastTimestamp") or series or event.get("eventTime") or "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "none"
