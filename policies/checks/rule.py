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

from .render import rendered
from .resources import Resource

Parameters = Mapping[str, Any]
Check = Callable[[Resource, Parameters], Iterator[str]]


class PolicyCrashError(RuntimeError):
    """A check could not finish. It never becomes a violation, which a lower level would wave through: it stops all."""


@dataclass
class _Question:
    """What the engine asks about one resource: it asks each policy in turn, each time with the whole resource."""

    resources: list[Resource]
    answered: set[str] = field(default_factory=set)


# What the engine has told this process so far: questions by URN, configurations by policy.
_QUESTIONS: dict[str, _Question] = {}
CONFIGURED: dict[str, Parameters] = {}


def seen(urn: str) -> list[Resource]:
    """The resource that the engine has asked about, with the manifests that its chart renders; none if it has not."""
    return _QUESTIONS[urn].resources if urn in _QUESTIONS else []


def _asked(args: ResourceValidationArgs, policy: str) -> list[Resource]:
    """The resource and what it renders to, read once for all policies; one that asks again asks a new question."""
    question = _QUESTIONS.get(args.urn)
    if question is None or policy in question.answered:
        resource = Resource.of(args)
        _QUESTIONS[args.urn] = question = _Question([resource, *rendered(resource)])
    question.answered.add(policy)
    return question.resources


def crash(policy: str, place: str, error: Exception) -> PolicyCrashError:
    """The error of a check that failed, without the text of its cause: that may repeat a value, and so a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = f"{Path(frame.filename).name}:{frame.lineno}"
    return PolicyCrashError(f"policy {policy} crashed on {place}: {type(error).__name__} at {line}")


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """``parameters`` are JSON schemas with a default each; ``level`` holds where the configuration says nothing."""

    name: str
    title: str
    description: str
    remediation: str
    severity: Severity
    level: EnforcementLevel = EnforcementLevel.MANDATORY
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def configured(self, given: Parameters | None) -> dict[str, Any]:
        """The parameters, with the default of each that is not given."""
        return {name: schema["default"] for name, schema in self.parameters.items()} | dict(given or {})

    def declared(self) -> dict[str, Any]:
        """What every policy of a pack says of itself."""
        return {
            "name": self.name,
            "display_name": self.title,
            "description": self.description,
            "remediation_steps": self.remediation,
            "severity": self.severity,
            "enforcement_level": self.level,
            "config_schema": PolicyConfigSchema({name: dict(schema) for name, schema in self.parameters.items()}),
        }


@dataclass(frozen=True, kw_only=True)
class Rule(Declaration):
    """A rule over one resource."""

    check: Check

    def violations(self, resource: Resource, given: Parameters | None = None) -> list[str]:
        """What is wrong with the resource. Raises PolicyCrashError where the check itself fails."""
        try:
            return list(dict.fromkeys(self.check(resource, self.configured(given))))
        except Exception as error:
            raise crash(self.name, f"{resource.type} {resource.name}", error) from None

    def policy(self) -> ResourceValidationPolicy:
        """The declaration that a policy pack takes."""

        def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
            CONFIGURED[self.name] = args.get_config()
            for resource in _asked(args, self.name):
                for message in self.violations(resource, args.get_config()):
                    report_violation(message, None)

        return ResourceValidationPolicy(validate=validate, **self.declared())


def reasons(description: str, example: str = "") -> dict[str, Any]:
    """The schema of a parameter that admits things by name, each with the reason why."""
    return {
        "type": "object",
        "additionalProperties": {"type": "string", "minLength": 1},
        "default": {},
        "description": f"{description}, each with the reason{f', such as `{example}`' if example else ''}.",
    }
