"""A rule: what a policy is called, what it demands, and the pure function that finds what breaks it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
)

from policies.checks.render import rendered
from policies.checks.resources import Resource

Parameters = Mapping[str, Any]
Check = Callable[[Resource, Parameters], Iterator[str]]


class PolicyCrashError(RuntimeError):
    """A check could not finish. It never becomes a violation, which a lower level would wave through: it stops all."""


# What the engine has told this process so far: resources by URN with what they render to, configurations by policy.
_SEEN: dict[str, tuple[Any, list[Resource]]] = {}
CONFIGURED: dict[str, Parameters] = {}


def seen(urn: str) -> list[Resource]:
    """The resource that the engine has asked about, with the manifests that its chart renders; none if it has not."""
    return _SEEN[urn][1] if urn in _SEEN else []


def _asked(args: ResourceValidationArgs) -> list[Resource]:
    """The resource and what it renders to, made once for all policies, which are asked one after the other."""
    resource = Resource.of(args)
    known = _SEEN.get(resource.urn)
    if known is None or known[0] != resource:
        _SEEN[resource.urn] = known = (resource, [resource, *rendered(resource)])
    return known[1]


def crash(policy: str, place: str, error: Exception) -> PolicyCrashError:
    """The error of a check that failed, without the text of its cause: that may repeat a value, and so a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = f"{Path(frame.filename).name}:{frame.lineno}"
    return PolicyCrashError(f"policy {policy} crashed on {place}: {type(error).__name__} at {line}")


@dataclass(frozen=True)
class Rule:
    """``parameters`` are JSON schemas with a default each; ``level`` holds where the configuration says nothing."""

    name: str
    title: str
    description: str
    remediation: str
    severity: Severity
    check: Check
    level: EnforcementLevel = EnforcementLevel.MANDATORY
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def violations(self, resource: Resource, given: Parameters | None = None) -> list[str]:
        """What is wrong with the resource. Raises PolicyCrashError where the check itself fails."""
        defaults = {name: schema["default"] for name, schema in self.parameters.items()}
        try:
            return list(dict.fromkeys(self.check(resource, {**defaults, **(given or {})})))
        except Exception as error:
            raise crash(self.name, f"{resource.type} {resource.name}", error) from None

    def policy(self) -> ResourceValidationPolicy:
        """The declaration that a policy pack takes."""

        def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
            CONFIGURED[self.name] = args.get_config()
            for resource in _asked(args):
                for message in self.violations(resource, args.get_config()):
                    report_violation(message, None)

        return ResourceValidationPolicy(
            name=self.name,
            display_name=self.title,
            description=self.description,
            remediation_steps=self.remediation,
            severity=self.severity,
            enforcement_level=self.level,
            config_schema=PolicyConfigSchema({name: dict(schema) for name, schema in self.parameters.items()}),
            validate=validate,
        )


def reasons(description: str, example: str = "") -> dict[str, Any]:
    """The schema of a parameter that admits things by name, each with the reason why."""
    return {
        "type": "object",
        "additionalProperties": {"type": "string", "minLength": 1},
        "default": {},
        "description": f"{description}, each with the reason{f', such as `{example}`' if example else ''}.",
    }
