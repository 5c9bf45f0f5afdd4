"""What `pulumi.com/waitFor` can say: `condition=Type[=Status]` and `jsonpath={.path}[=value]`, one or a JSON list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from local.plugins.server import PluginError

Condition = Callable[[Mapping[str, Any]], bool]
_JSONPATH = re.compile(r"jsonpath=\{\s*(?P<path>.*?)\s*\}(?:=(?P<value>.+))?")


def parse(text: str) -> list[tuple[str, Condition]]:
    """Each condition with its own words. Raises PluginError for anything that is not one."""
    try:
        listed = json.loads(text)
    except ValueError:
        listed = None
    expressions = listed if isinstance(listed, list) else [text]
    if not expressions:
        raise PluginError("pulumi.com/waitFor: at least one condition must be specified")
    return [(str(expression), _parse(str(expression))) for expression in expressions]


def _parse(expression: str) -> Condition:
    if expression.startswith("condition="):
        kind, _, status = expression.removeprefix("condition=").partition("=")
        return lambda obj: _has_condition(obj, kind, status or "True")
    if expression.startswith("jsonpath="):
        return _json_path(expression)
    raise PluginError(f'pulumi.com/waitFor: expected a "jsonpath=" or "condition=" prefix, got "{expression}"')


def _has_condition(obj: Mapping[str, Any], kind: str, status: str) -> bool:
    for condition in obj.get("status", {}).get("conditions") or []:
        if str(condition.get("type")).lower() == kind.lower():
            return _observed(obj, condition) and str(condition.get("status")).lower() == status.lower()
    return False


def _observed(obj: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    """A condition that was written for an earlier generation says nothing of this one."""
    observed = condition.get("observedGeneration", obj.get("status", {}).get("observedGeneration"))
    return observed is None or int(observed) >= int(obj["metadata"].get("generation", 0))


def _json_path(expression: str) -> Condition:
    # Imported here: few objects need it, and every plugin start would pay for it.
    from jsonpath_rfc9535 import JSONPathError, compile  # noqa: A004, PLC0415

    match = _JSONPATH.fullmatch(expression)
    if match is None:
        raise PluginError(f'pulumi.com/waitFor: expected "jsonpath={{.path}}=value", got "{expression}"')
    path, value = match["path"], match["value"]
    try:
        query = compile(path if path.startswith("$") else f"${path}")
    except JSONPathError as error:
        raise PluginError(f"pulumi.com/waitFor: {expression}: {error}") from None

    def holds(obj: Mapping[str, Any]) -> bool:
        if not _observed(obj, {}):
            return False
        found = query.find(dict(obj)).values()
        return bool(found) and (value is None or _text(found[0]) == value)

    return holds


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
