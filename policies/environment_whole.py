"""What Label Studio's containers read from other resources of the stack: sources of variables, settings modules."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from . import (
    administrator_present,
    cookies_secure,
    csrf_enforced,
    environment_readable,
    host_https,
    redis_standalone,
    signup_disabled,
    telemetry_off,
)
from .checks.environment import environments
from .checks.resources import Resource
from .checks.rule import CONFIGURED, Parameters
from .checks.stack import Stack, StackRule, Violation, repeated

RULES = (
    environment_readable.RULE,
    signup_disabled.RULE,
    administrator_present.RULE,
    host_https.RULE,
    cookies_secure.RULE,
    csrf_enforced.RULE,
    telemetry_off.RULE,
    redis_standalone.RULE,
)


def check(stack: Stack, _: Parameters) -> Iterator[Violation]:
    """The rules over one container's environment again, now that the ConfigMaps and Secrets are known."""
    asked = [resource for resource in stack.resources if _reads_others(resource)]
    for rule in RULES:
        for message, urn in repeated(rule, asked, CONFIGURED.get(rule.name, {})):
            yield f"{message} ({rule.name})", urn


def _reads_others(resource: Resource) -> bool:
    """Whether containers of a resource read variables or files from elsewhere; only then is there more to see."""
    return any(
        container.body.get("envFrom") or container.mounts
        for environment in environments(resource, workers=True)
        for container in [environment.container]
        if container
    )


RULE = StackRule(
    name="environment-whole",
    title="Sources of variables can be read",
    description="Variables and settings modules that come from other resources are as right as those written out.",
    remediation="Write guarded variables in env, and let envFrom name ConfigMaps and Secrets of the same stack.",
    severity=Severity.CRITICAL,
    check=check,
)
