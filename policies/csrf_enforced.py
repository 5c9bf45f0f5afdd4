"""Forms of other sites are refused; behind an ingress people tend to switch that off instead of naming the host."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.environment import (
    Environment,
    environments,
    is_serving_https,
    not_literal,
    require_boolean,
)
from .checks.hosts import host_problem
from .checks.resources import Resource
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN

SETTING = "USE_ENFORCE_CSRF_CHECKS"
ORIGINS = "CSRF_TRUSTED_ORIGINS"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """The check is on, and behind TLS it trusts https origins with names."""
    for environment in environments(resource):
        yield from require_boolean(environment, SETTING, True, required=False)
        yield from _origin_problems(environment, is_serving_https(environment, resource))


def _origin_problems(environment: Environment, https: bool) -> Iterator[str]:
    variables = environment.setting(ORIGINS)
    fix = "write https:// and the host of the ingress"
    if https and not variables and not environment.may_have_more():
        yield f"{environment.label}: {ORIGINS} is not set, so every form is answered with 403; {fix}"
    for variable in variables:
        if variable.value is UNKNOWN:
            continue
        problem = not_literal(variable.value) or _origins_problem(variable.value, https)
        if problem:
            yield f"{environment.label}: {variable.path} {problem}; {fix}"


def _origins_problem(value: str, https: bool) -> str | None:
    for origin in value.split(","):
        scheme, _, host = origin.partition("://")
        if "*" in origin:
            return "trusts a pattern of hosts"
        if https and (scheme != "https" or host_problem(host.partition(":")[0])):
            return "trusts an origin that is not https:// with a DNS name"
    return None


RULE = Rule(
    name="csrf-enforced",
    title="Forms of other sites are refused",
    description="Cross-site request forgery protection stays on, and trusts the page's own https address only.",
    remediation="Leave USE_ENFORCE_CSRF_CHECKS out and set CSRF_TRUSTED_ORIGINS to the page's https:// address.",
    severity=Severity.HIGH,
    check=check,
)
