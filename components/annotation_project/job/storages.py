"""The storages of one project in Label Studio: made, kept as declared, synchronized."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .api import POLL_SECONDS, LabelStudio
from .errors import RefusedError, one_line
from .s3 import Key, Place

ROLES = ("source", "target")
# With and without a slash at the end, as Label Studio's routes have it.
LISTS = {"source": "/api/storages/s3/", "target": "/api/storages/export/s3"}
# Seconds that a sync may take without any progress, and that it may wait for those of other storages.
STALLED_SECONDS = 600.0
QUEUED_SECONDS = 7200.0


@dataclass(frozen=True)
class Storages:
    """The declared storages of one project; those made by people are left alone."""

    api: LabelStudio
    project: int
    name: str

    def apply(self, place: Place, key: Key | None, declared: Mapping[str, Any]) -> None:
        """Make the storage or change it; RefusedError where Label Studio cannot use it."""
        body = {
            "project": self.project,
            "description": self._mark(place.role),
            "title": declared["title"],
            "bucket": place.bucket,
            "prefix": _prefix(place),
            "region_name": place.region,
            "s3_endpoint": place.endpoint,
            "aws_access_key_id": key.access_key_id if key else None,
            "aws_secret_access_key": key.secret_access_key if key else None,
            "aws_session_token": key.session_token if key else None,
            **declared["options"],
        }
        existing = self._find(place.role)
        try:
            if existing is None:
                self.api.request("POST", LISTS[place.role], json=body)
            else:
                self.api.request("PATCH", _route(place.role, existing), json=body)
        except RefusedError as error:
            raise RefusedError(f"{place.role}: {error}") from None

    def remove(self, role: str) -> None:
        """Forget a storage that is no longer declared; its objects and the annotations stay."""
        existing = self._find(role)
        if existing is not None:
            self.api.request("DELETE", _route(role, existing))

    def sync(self, role: str) -> str | None:
        """Synchronize and wait while it gets on: the last status, completed unless it stalled; None without one."""
        storage = self._find(role)
        if storage is None:
            return None
        self.api.request("POST", f"{_route(role, storage)}/sync")
        progress, deadline = None, 0.0
        while True:
            found = self._find(role) or storage
            if found["status"] == "failed":
                lines = str(found["traceback"] or "").strip().splitlines()
                raise RefusedError(f"{role}: Label Studio could not synchronize: {one_line(*lines[-1:])}")
            if progress != (seen := (found["status"], found.get("last_sync_count"), found.get("meta"))):
                progress = seen
                deadline = time.monotonic() + (QUEUED_SECONDS if found["status"] == "queued" else STALLED_SECONDS)
            if found["status"].startswith("completed") or time.monotonic() > deadline:
                return str(found["status"])
            time.sleep(POLL_SECONDS)

    def _find(self, role: str) -> dict[str, Any] | None:
        # The list looks after jobs that died; asked for by itself, their storage would stay queued for ever.
        listed = self.api.request("GET", LISTS[role], project=self.project)
        return next((storage for storage in listed if storage["description"] == self._mark(role)), None)

    def _mark(self, role: str) -> str:
        return f"Declared as {role} of {self.name}."


def _route(role: str, storage: Mapping[str, Any]) -> str:
    return f"{LISTS[role].rstrip('/')}/{storage['id']}"


def _prefix(place: Place) -> str:
    # Label Studio joins a target's prefix and the object's name by a slash of its own.
    return place.prefix.rstrip("/") if place.role == "target" else place.prefix
