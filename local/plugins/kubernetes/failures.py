"""Errors as the user reads them: what happened, what to do, and no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.plugins.kubernetes import objects, reasons
from local.plugins.kubernetes.awaiting import NotReadyError
from local.plugins.kubernetes.client import ApiError, Manifest, NoSuchKindError
from local.plugins.properties import secret_texts
from local.plugins.server import InitializationError, PluginError


def refused(what: str, error: ApiError, given: Mapping[str, Any]) -> PluginError:
    """The server did not do it; its message may quote what it was sent."""
    return PluginError(redacted(f"{what}: {_hint(error)}", given))


def not_ready(
    what: str, live: Manifest, properties: Any, problem: NotReadyError, given: Mapping[str, Any]
) -> InitializationError:
    """The object is there but not ready: the engine keeps it and tries again."""
    message = redacted(f"{live['kind']} {objects.identity(live)} {what}: {problem}", given)
    return InitializationError(message, objects.identity(live), properties, [])


def redacted(message: str, given: Mapping[str, Any]) -> str:
    """A message without what the program marked as secret."""
    return reasons.redact(message, secret_texts(given))


def _hint(error: ApiError) -> str:
    if error.exists:
        return (
            f"{error}\nThe resource already exists in the cluster: adopt it with `pulumi import`, or use an alias when "
            "it was only renamed in the program."
        )
    if isinstance(error, NoSuchKindError):
        return f"{error}. Verify that any required CRDs have been created"
    if error.reason == "Conflict":
        return f"{error}\nSomeone else manages these fields: leave them out, or set pulumi.com/patchForce."
    return str(error)
