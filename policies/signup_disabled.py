"""Strangers make no accounts: every account can read every project."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.environment import environments, require_boolean
from .checks.resources import Resource
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at

SETTING = "DISABLE_SIGNUP_WITHOUT_LINK"
COMPONENT = "label-studio:label_studio:LabelStudio"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """The setting that Label Studio finally reads is there, on, and written out."""
    for environment in environments(resource):
        yield from require_boolean(environment, SETTING, True)
    signup = at(resource.props, "signup")
    if resource.type == COMPONENT and signup not in (None, "disabled"):
        reason = "unknown" if signup is UNKNOWN else "not disabled"
        yield f"LabelStudio {resource.name}: signup is {reason}; write labelStudio.signup: disabled"


RULE = Rule(
    name="signup-disabled",
    title="Sign-up is off",
    description="An account of Label Studio can only be made with an invitation.",
    remediation='Set LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: "true" in global.extraEnvironmentVars, once and written '
    "out (labelStudio.signup: disabled in the stack file), and invite people by link.",
    severity=Severity.CRITICAL,
    check=check,
)
