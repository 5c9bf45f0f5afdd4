"""The exported state of a stack, as `pulumi stack export` prints it."""

from __future__ import annotations

import json
from typing import Any, TextIO


class StateError(ValueError):
    """What was given is no exported state; the message says what it should be."""


def resource_records(file: TextIO) -> list[dict[str, Any]]:
    """The live resources that a state remembers. Raises StateError."""
    try:
        resources = json.load(file)["deployment"].get("resources", [])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise StateError("the state is not what pulumi stack export prints; any message above says why") from None
    return [resource for resource in resources if not resource.get("delete")]
