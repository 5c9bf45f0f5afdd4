"""Browsers send session cookies by https only."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.environment import environments, is_serving_https, not_literal
from .checks.resources import Resource
from .checks.rule import Parameters, Rule

SETTINGS = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Both flags are "1", the only spelling of yes that Label Studio starts with: it reads them by int()."""
    for environment in environments(resource):
        wanted = parameters["always"] or is_serving_https(environment, resource)
        for name in SETTINGS:
            variables = environment.setting(name)
            # CSRF_COOKIE_SECURE follows SESSION_COOKIE_SECURE where it is not set.
            if wanted and not variables and name == SETTINGS[0] and not environment.may_have_more():
                yield f'{environment.label}: {name} is not set; write "1" in {environment.place}'
            for variable in variables:
                if problem := not_literal(variable.value) or _flag_problem(str(variable.value), wanted):
                    yield f'{environment.label}: {variable.path} {problem}; write "1"'


def _flag_problem(value: str, wanted: bool) -> str | None:
    if value not in ("0", "1"):
        return "is neither 0 nor 1, and Label Studio does not start with it"
    return "is off" if wanted and value == "0" else None


RULE = Rule(
    name="cookies-secure",
    title="Cookies are secure",
    description="Where the page is served by https, its cookies are sent by https only.",
    remediation='Set SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE to "1", not to "true".',
    severity=Severity.HIGH,
    check=check,
    parameters={
        "always": {
            "type": "boolean",
            "default": False,
            "description": "Whether to demand it where no ingress and no https:// address is in sight as well.",
        }
    },
)
