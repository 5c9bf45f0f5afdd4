"""The declared model servers of one project: kept in Label Studio as declared, those made by people left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .api import LabelStudio
from .errors import RefusedError

LIST = "/api/ml"
# Before each further attempt: a server that has just become ready may not be reachable by its name yet.
PAUSES = (2.0, 4.0, 8.0, 16.0)
KEPT = ("url", "title", "extra_params")

Declared = Mapping[str, Any]


@dataclass(frozen=True)
class Backends:
    """The model servers of one project, known by their description, as storages are."""

    api: LabelStudio
    project: int
    name: str
    pause: Callable[[float], None] = time.sleep

    def apply(self, declared: Declared | None) -> list[str]:
        """Make and change what is declared, delete what is no more; returns what Label Studio refused, and why."""
        servers = declared["servers"] if declared else []
        existing, spare = self._existing()
        wanted = {self._mark(server["name"]): server for server in servers}
        for backend in [*spare, *(it for mark, it in existing.items() if mark not in wanted)]:
            self.api.request("DELETE", f"{LIST}/{backend['id']}")
        refusals = [*self._keep_all(wanted, existing)]
        # Without any, now or before, what people have chosen on the page stays.
        if servers or existing:
            self._show(declared or {"shown": None, "predict_on_open": False}, refusals)
        return refusals

    def _keep_all(self, wanted: Mapping[str, Declared], existing: Mapping[str, Declared]) -> Iterator[str]:
        for mark, server in wanted.items():
            try:
                self._keep(server, mark, existing.get(mark))
            except RefusedError as error:
                yield f"mlBackends {server['name']}: {_plain(error, server['url'])}"

    def _existing(self) -> tuple[dict[str, Declared], list[Declared]]:
        """Those that were declared, and further ones of the same name."""
        found: dict[str, Declared] = {}
        spare = []
        for backend in self.api.request("GET", LIST, project=self.project):
            mark = str(backend["description"])
            if not mark.startswith("Declared as ") or not mark.endswith(f" of {self.name}."):
                continue
            if mark in found:
                spare.append(backend)
            else:
                found[mark] = backend
        return found, spare

    def _keep(self, server: Declared, mark: str, existing: Declared | None) -> None:
        if existing and all(existing[key] == server[key] for key in KEPT):
            return
        body = {"project": self.project, "description": mark, **{key: server[key] for key in KEPT}}
        for pause in (*PAUSES, None):
            try:
                if existing:
                    self.api.request("PATCH", f"{LIST}/{existing['id']}", json=body)
                else:
                    self.api.request("POST", LIST, json=body)
            except RefusedError:
                if pause is None:
                    raise
                self.pause(pause)
            else:
                return

    def _show(self, declared: Declared, refusals: list[str]) -> None:
        """What the project itself says about its model servers."""
        shown = {"model_version": declared["shown"]} if declared["shown"] else {}
        body = {"evaluate_predictions_automatically": declared["predict_on_open"], **shown}
        try:
            self.api.request("PATCH", f"/api/projects/{self.project}/", json=body)
        except RefusedError as error:
            if not refusals:
                refusals.append(f"mlBackends: {error}")

    def _mark(self, name: str) -> str:
        return f"Declared as {name} of {self.name}."


def _plain(error: RefusedError, url: str) -> str:
    """Without the markup of the page's own form."""
    if "health check failed" in str(error):
        return f"Label Studio does not reach {url}, or its /health does not answer; see its log"
    return str(error)
