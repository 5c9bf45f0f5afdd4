"""Nothing about people and their data is sent to the vendor."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.environment import Environment, environments, require_boolean
from .checks.resources import Resource
from .checks.rule import Parameters, Rule

ANALYTICS = "COLLECT_ANALYTICS"
DATA_SOURCES = ("SENTRY_DSN", "FRONTEND_SENTRY_DSN")


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Analytics are off, and both Sentry addresses are empty: when missing they are the vendor's."""
    for environment in environments(resource, workers=True):
        yield from require_boolean(environment, ANALYTICS, False)
        for name in DATA_SOURCES:
            yield from _dsn_problems(environment, name)


def _dsn_problems(environment: Environment, name: str) -> Iterator[str]:
    variables = environment.setting(name)
    if not variables and not environment.may_have_more():
        yield f'{environment.label}: {name} is not set, and then it is the vendor\'s; write "" in {environment.place}'
    for variable in variables:
        if variable.value != "":
            yield f'{environment.label}: {variable.path} is not empty; write ""'


RULE = Rule(
    name="telemetry-off",
    title="Telemetry is off",
    description="Label Studio sends no usage data and no error reports to its vendor.",
    remediation='Set COLLECT_ANALYTICS: "false", SENTRY_DSN: "" and FRONTEND_SENTRY_DSN: "".',
    severity=Severity.MEDIUM,
    check=check,
)
