"""Waiting until an object is ready, or gone."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from local.plugins.kubernetes import conditions, readiness, reasons
from local.plugins.kubernetes.client import ApiError, Client, Manifest
from local.plugins.kubernetes.objects import annotation, identity, name, namespace
from local.plugins.server import Log, PluginError

_POLL_SECONDS = 0.5
_DEFAULT_SECONDS = 600.0


class NotReadyError(PluginError):
    """The object is there but not ready; `live` is how it was last seen."""

    def __init__(self, message: str, live: Manifest, details: list[str]) -> None:
        super().__init__("\n".join([message, *(f"  - {detail}" for detail in details)]))
        self.live = live


@dataclass(frozen=True)
class Awaiter:
    """Waits for objects of one cluster, telling the engine what it waits for."""

    client: Client
    log: Log
    cancelled: threading.Event

    def ready(self, urn: str, inputs: Manifest, live: Manifest, timeout: float) -> Manifest:
        """Wait as the kind, or the object's annotations, ask. Raises NotReadyError."""
        if annotation(inputs, "pulumi.com/skipAwait") == "true":
            return live
        check, default = _check(inputs, live)
        if check is None:
            return live
        wait = readiness.Wait(self.client)
        seconds = timeout or float(annotation(inputs, "pulumi.com/timeoutSeconds") or default)
        return self._until_ready(urn, wait, check, live, seconds)

    def _until_ready(
        self, urn: str, wait: readiness.Wait, check: readiness.Check, live: Manifest, seconds: float
    ) -> Manifest:
        deadline = time.monotonic() + seconds
        told = ""
        while True:
            progress = _progress(check, wait, live)
            if progress.ready:
                self.log.status(urn, "")
                return live
            if progress.message != told:
                told = progress.message
                self.log.status(urn, told)
            if problem := progress.failure or self._give_up(deadline, seconds, told):
                raise NotReadyError(problem, live, reasons.explain(self.client, live))
            time.sleep(_POLL_SECONDS)
            live = self._reread(live)

    def _give_up(self, deadline: float, seconds: float, told: str) -> str:
        if self.cancelled.is_set():
            return f"cancelled while {told}"
        return f"not ready within {seconds:g} s: {told}" if time.monotonic() > deadline else ""

    def _reread(self, live: Manifest) -> Manifest:
        try:
            return self.client.get(live["apiVersion"], live["kind"], namespace(live), name(live))
        except ApiError as error:
            if error.unreachable:
                # The API server may restart while something takes minutes to become ready.
                return live
            gone = f"{live['kind']} {identity(live)} was deleted meanwhile"
            raise NotReadyError(gone if error.missing else str(error), live, []) from None

    def gone(self, urn: str, live: Manifest, timeout: float) -> None:
        """Wait until a deletion that was asked for is done. Raises NotReadyError."""
        seconds = timeout or float(annotation(live, "pulumi.com/timeoutSeconds") or _DEFAULT_SECONDS)
        deadline = time.monotonic() + seconds
        uid = live.get("metadata", {}).get("uid")
        self.log.status(urn, "waiting for the deletion to finish")
        while (found := self._find(live)) and (uid is None or found["metadata"]["uid"] == uid):
            if self.cancelled.is_set() or time.monotonic() > deadline:
                finalizers = ", ".join(found["metadata"].get("finalizers", []))
                message = f"{live['kind']} {identity(live)} was not deleted within {seconds:g} s"
                raise NotReadyError(message, found, [f"finalizers: {finalizers}"] if finalizers else [])
            time.sleep(_POLL_SECONDS)
        self.log.status(urn, "")

    def _find(self, live: Manifest) -> Manifest | None:
        try:
            return self.client.get(live["apiVersion"], live["kind"], namespace(live), name(live))
        except ApiError as error:
            if error.missing:
                return None
            raise


def _progress(check: readiness.Check, wait: readiness.Wait, live: Manifest) -> readiness.Progress:
    """A look-up that fails must not lose an object that exists: it is not ready, and if that stays so, here is why."""
    try:
        return check(wait, live)
    except ApiError as error:
        if error.unreachable:
            return readiness.Progress(False, "waiting for the API server to answer")
        return readiness.Progress(False, failure=str(error))


def _check(inputs: Manifest, live: Manifest) -> tuple[readiness.Check | None, float]:
    """The annotation decides; without it the kind does."""
    if wanted := annotation(inputs, "pulumi.com/waitFor"):
        return _annotated(conditions.parse(wanted)), _DEFAULT_SECONDS
    return readiness.check_of(live) or (None, 0)


def _annotated(wanted: list[tuple[str, conditions.Condition]]) -> readiness.Check:
    def check(_: readiness.Wait, obj: Manifest) -> readiness.Progress:
        missing = [text for text, holds in wanted if not holds(obj)]
        return readiness.Progress(not missing, f"waiting for {', '.join(missing)}")

    return check
