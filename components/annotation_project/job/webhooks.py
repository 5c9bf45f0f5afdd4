"""The declared webhooks of one project: kept in Label Studio as declared, and told by this program of what it has done.

Label Studio knows no names or descriptions of webhooks, so those that were declared are known by a header.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from .api import LabelStudio
from .errors import RefusedError, one_line

LIST = "/api/webhooks/"
MARK = "X-Declared-Project"
EXPORT_DONE = "EXPORT_DONE"
# Label Studio refuses actions that it does not know.
OWN_ACTIONS = frozenset({EXPORT_DONE})
# Seconds for an answer, and the pauses between attempts.
TIMEOUT = 10.0
PAUSES = (2.0, 5.0, 15.0, 30.0)

Declared = Mapping[str, Any]


@dataclass(frozen=True)
class Webhooks:
    """The webhooks of one project; those made by people are left alone."""

    api: LabelStudio
    project: int
    name: str

    def apply(self, declared: Sequence[Declared]) -> None:
        """Make and change what is declared, and delete what is no more; RefusedError where Label Studio refuses it."""
        existing: dict[str, list[int]] = {}
        for webhook in self.api.request("GET", LIST, project=self.project):
            if webhook["headers"].get(MARK) == self.name:
                existing.setdefault(webhook["url"], []).append(webhook["id"])
        for webhook in declared:
            if actions := [action for action in webhook["actions"] if action not in OWN_ACTIONS]:
                self._keep(webhook, actions, existing)
        for number in (number for numbers in existing.values() for number in numbers):
            self.api.request("DELETE", f"{LIST}{number}/")

    def _keep(self, webhook: Declared, actions: Sequence[str], existing: Mapping[str, list[int]]) -> None:
        body = {
            "project": self.project,
            "url": webhook["url"],
            "headers": headers(webhook, self.name),
            "actions": actions,
            "send_payload": True,
            "send_for_all_actions": False,
            "is_active": True,
        }
        same = existing.get(webhook["url"])
        try:
            if same:
                self.api.request("PATCH", f"{LIST}{same.pop()}/", json=body)
            else:
                self.api.request("POST", LIST, json=body)
        except RefusedError as error:
            raise RefusedError(f"webhook {webhook['url']}: {error}") from None


def headers(webhook: Declared, name: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What each request has, the secret in it; ``name`` is the project's."""
    marked = {MARK: name}
    if not webhook["variable"]:
        return marked
    secret = environment[webhook["variable"]].strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise RefusedError(f"webhook {webhook['url']}: its secret must be one line of printable ASCII characters")
    header = webhook["header"]
    return {**marked, header: f"Bearer {secret}" if header.lower() == "authorization" else secret}


def tell(
    declared: Iterable[Declared],
    name: str,
    event: Mapping[str, Any],
    transport: httpx.BaseTransport | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Send an event of this program to all who want its ``action``; RefusedError names those who did not take it."""
    refusals = []
    # A redirection is no answer: what it leads to would get the secret.
    with httpx.Client(timeout=TIMEOUT, transport=transport, trust_env=False) as client:
        for webhook in declared:
            if event["action"] in webhook["actions"]:
                request = client.build_request("POST", webhook["url"], json=event, headers=headers(webhook, name))
                if refusal := _send(client, request, pause):
                    refusals.append(f"{webhook['url']} {refusal}")
    if refusals:
        raise RefusedError(f"webhooks did not take {event['action']}: {', '.join(refusals)}")


def _send(client: httpx.Client, request: httpx.Request, pause: Callable[[float], None]) -> str:
    """Why it was not taken, empty if it was."""
    refusal = ""
    for seconds in (*PAUSES, None):
        try:
            response = client.send(request)
        except httpx.HTTPError as error:
            refusal = f"does not answer ({one_line(error) or type(error).__name__})"
        else:
            if response.is_success:
                return ""
            refusal = f"answered {response.status_code}"
        if seconds is not None:
            pause(seconds)
    return refusal
