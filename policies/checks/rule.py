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

from policies.checks.resources import Resource

Parameters = Mapping[str, Any]
Check = Callable[[Resource, Parameters], Iterator[str]]


class PolicyCrashError(RuntimeError):
    """A check could not finish. It never becomes a violation, which a lower level would wave through: it stops all."""


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
            return list(self.check(resource, {**defaults, **(given or {})}))
        except Exception as error:
            # The text of the error may repeat a value, and a value may be a secret: only its place is told.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name}:{frame.lineno}"
            raise PolicyCrashError(
                f"policy {self.name} crashed on {resource.type} {resource.name}: {type(error).__name__} at {place}"
            ) from None

    def policy(self) -> ResourceValidationPolicy:
        """The declaration that a policy pack takes."""

        def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
            for message in self.violations(Resource.of(args), args.get_config()):
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
