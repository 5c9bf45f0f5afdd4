"""What all rules of the pack find wrong with resources outside the engine: rendered manifests and stored states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import EnforcementLevel

from . import unknowns_reported
from .checks.configuration import Configuration, configuration
from .checks.resources import Resource
from .checks.rule import CONFIGURED, Rule
from .checks.stack import Stack, StackRule
from .pack import RULES, STACK_RULES, level

DISABLED = EnforcementLevel.DISABLED


@dataclass(frozen=True)
class Finding:
    """A violation, how seriously it is taken, and the reason for which it is waived, if it is."""

    rule: Rule | StackRule
    level: EnforcementLevel
    message: str
    reason: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it stops a deployment."""
        return self.level is EnforcementLevel.MANDATORY and not self.reason

    def __str__(self) -> str:
        waived = f" (exception: {self.reason})" if self.reason else ""
        return f"[{self.level.value}] {self.rule.name}: {self.message}{waived}"


def findings(
    resources: Iterable[Resource], given: Configuration | Mapping[str, Any], outputs: Mapping[str, Any] | None = None
) -> Iterator[Finding]:
    """What is wrong with resources, rendered manifests among them, each by itself and all together.

    What a first preview does not know is not reported: outside the engine nothing becomes known later.
    """
    config = given if isinstance(given, Configuration) else configuration(given)
    resources = list(resources)
    for rule in RULES:
        parameters = _parameters(rule, config)
        CONFIGURED[rule.name] = parameters
        for resource in resources if level(rule, config.policies) is not DISABLED else ():
            for message in rule.violations(resource, parameters):
                yield _finding(rule, config, message, resource.urn)
    stack = Stack(resources, outputs or {})
    for stack_rule in STACK_RULES:
        if stack_rule is not unknowns_reported.RULE and level(stack_rule, config.policies) is not DISABLED:
            for message, urn in stack_rule.violations(stack, _parameters(stack_rule, config)):
                yield _finding(stack_rule, config, message, urn)


def _parameters(rule: Rule | StackRule, config: Configuration) -> dict[str, Any]:
    return {key: value for key, value in config.policies.get(rule.name, {}).items() if key != "enforcementLevel"}


def _finding(rule: Rule | StackRule, config: Configuration, message: str, urn: str) -> Finding:
    exemption = config.exemption(rule.name, urn)
    return Finding(rule, level(rule, config.policies), message, exemption.reason if exemption else "")
