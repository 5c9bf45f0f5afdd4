"""The configuration file of the pack, in version 2 of Pulumi's format: policies, and exceptions with their reasons.

Version 2 is read by Pulumi 3.274 and later (pkg/resource/analyzer/config.go): an exception waives one policy for one
resource, by its URN; what it waives is still reported. A file without ``version`` has policies only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 2


class ConfigurationError(RuntimeError):
    """The file is none that Pulumi would take."""


@dataclass(frozen=True)
class Exemption:
    """One waiver: these policies, on these resources, for this reason."""

    name: str
    reason: str
    pairs: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Configuration:
    """Level and parameters by policy, and what is waived."""

    policies: Mapping[str, Mapping[str, Any]]
    exemptions: tuple[Exemption, ...] = field(default=())

    def exemption(self, policy: str, urn: str) -> Exemption | None:
        """The waiver of a violation, if there is one."""
        return next((each for each in self.exemptions if (policy, urn) in each.pairs), None)


def read_config(path: Path) -> Configuration:
    """The configuration in a file. Raises ConfigurationError, and OSError where there is none."""
    try:
        return configuration(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ConfigurationError(f"{path.name} is no JSON; fix line {getattr(error, 'lineno', 1)}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def configuration(content: Any) -> Configuration:
    """The configuration of a file's content. Raises ConfigurationError."""
    if not isinstance(content, Mapping):
        raise ConfigurationError("write an object with version, policies and exceptions")
    if not isinstance(content.get("version"), int | float):
        return Configuration({name: each for name, each in content.items() if isinstance(each, Mapping)})
    if content["version"] != VERSION:
        raise ConfigurationError(f"version must be {VERSION}")
    exceptions = {} if content.get("exceptions") is None else content["exceptions"]
    if not isinstance(exceptions, Mapping):
        raise ConfigurationError("exceptions must map a name to a reason and what it matches")
    return Configuration(
        content.get("policies") or {}, tuple(_exemption(name, each) for name, each in exceptions.items())
    )


def _exemption(name: str, content: Any) -> Exemption:
    reason = content.get("reason") if isinstance(content, Mapping) else None
    if not isinstance(reason, str) or not reason.strip():
        raise ConfigurationError(f"exception {name} needs a reason")
    pairs = {
        (policy, target)
        for match in content.get("match") or []
        for policy in match.get("policies") or []
        for target in match.get("targets") or []
    }
    if not pairs or any(policy == "all" for policy, _ in pairs):
        raise ConfigurationError(f"exception {name} must match policies by name, and targets by URN")
    return Exemption(name, reason.strip(), frozenset(pairs))
