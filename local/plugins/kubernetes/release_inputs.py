"""The inputs of a Helm release: defaults, merged values, and how helm is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from local.plugins.properties import UNKNOWN, Asset, Secret, Unknown, has_unknown, plain
from local.plugins.server import PluginError

DEFAULT_SECONDS = 300
DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(
        (
            "allowNullValues", "atomic", "cleanupOnFail", "createNamespace", "dependencyUpdate", "devel",
            "disableCRDHooks", "disableOpenapiValidation", "disableWebhooks", "forceUpdate", "lint", "recreatePods",
            "renderSubchartNotes", "replace", "resetValues", "reuseValues", "skipAwait", "skipCrds", "verify",
            "waitForJobs",
        ),
        False,
    ),
    **dict.fromkeys(("description", "keyring", "postrender", "version"), ""),
}  # fmt: skip
_SWITCHES = {
    "atomic": "--atomic",
    "cleanupOnFail": "--cleanup-on-fail",
    "createNamespace": "--create-namespace",
    "dependencyUpdate": "--dependency-update",
    "devel": "--devel",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "disableWebhooks": "--no-hooks",
    "forceUpdate": "--force",
    "renderSubchartNotes": "--render-subchart-notes",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
    "skipCrds": "--skip-crds",
    "verify": "--verify",
}
_TEXTS = {"description": "--description", "keyring": "--keyring", "postrender": "--post-renderer"}


def merged_values(given: Mapping[str, Any]) -> Any:
    """`valueYamlFiles` in their order, then `values` over them. What is not known yet stays so."""
    values = given.get("values") or {}
    files = given.get("valueYamlFiles") or []
    if isinstance(values, Unknown) or has_unknown(files):
        return UNKNOWN
    merged: dict[str, Any] = {}
    for file in plain(files):
        if not isinstance(file, Asset):
            raise PluginError("valueYamlFiles: only text and file assets are supported")
        merged = merge(merged, yaml.safe_load(file.text()) or {})
    if isinstance(values, Secret):
        return Secret(merge(merged, values.value))
    return merge(merged, values)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """As helm merges values: objects key by key, anything else replaced."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def flags(release: Mapping[str, Any]) -> list[str]:
    """What the options of a release are on helm's command line."""
    switches = [flag for name, flag in _SWITCHES.items() if release.get(name)]
    texts = [part for name, flag in _TEXTS.items() if release.get(name) for part in (flag, str(release[name]))]
    waits = [] if release.get("skipAwait") else ["--wait", *(["--wait-for-jobs"] if release.get("waitForJobs") else [])]
    # Unlimited unless asked for, as in the official provider; helm's own default is 10.
    limits = ["--timeout", f"{seconds(release)}s", "--history-max", str(release.get("maxHistory") or 0)]
    return [*switches, *texts, *waits, *limits]


def seconds(release: Mapping[str, Any]) -> int:
    """How long helm may wait."""
    return int(release.get("timeout") or DEFAULT_SECONDS)
