"""With sign-up off somebody has to be there already: Label Studio answers every attempt with 403 until then."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.environment import TRUE, Environment, Reference, environments
from .checks.resources import Resource
from .checks.rule import Parameters, Rule
from .checks.values import is_given
from .signup_disabled import SETTING


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Where sign-up is off, a name and a Secret with its password make the first administrator."""
    for environment in environments(resource):
        if (environment.text(SETTING) or "").lower() in TRUE:
            yield from _name_problems(environment)
            yield from _password_problems(environment)


def _name_problems(environment: Environment) -> Iterator[str]:
    names = environment.setting("USERNAME")
    if not names and not environment.may_have_more():
        yield f"{environment.label}: no administrator; set LABEL_STUDIO_USERNAME to the first user's e-mail address"
    for variable in names:
        value = variable.value
        if isinstance(value, Reference):
            yield from _reference_problems(environment, variable.path, value)
        elif isinstance(value, str) and ("@" not in value or value != value.lower()):
            # The login form lower-cases what people type; the user's name keeps its capitals.
            yield f"{environment.label}: {variable.path} must be an e-mail address in lower case, or login fails"
        elif value is None:
            yield f"{environment.label}: {variable.path} is no text; write an e-mail address"


def _password_problems(environment: Environment) -> Iterator[str]:
    passwords = environment.setting("PASSWORD")
    if not passwords and not environment.may_have_more():
        yield (
            f"{environment.label}: no administrator; take LABEL_STUDIO_PASSWORD from a Secret "
            "(extraEnvironmentSecrets with secretName and secretKey)"
        )
    for variable in passwords:
        if isinstance(variable.value, Reference):
            yield from _reference_problems(environment, variable.path, variable.value)
        else:
            yield f"{environment.label}: {variable.path} is written out; take it from a Secret (secretName, secretKey)"


def _reference_problems(environment: Environment, path: str, reference: Reference) -> Iterator[str]:
    if reference.kind != "Secret":
        yield f"{environment.label}: {path} must come from a Secret (secretName, secretKey)"
    elif not is_given(reference.name) or not is_given(reference.key):
        yield f"{environment.label}: {path} needs both secretName and secretKey, or the chart leaves it out"
    elif reference.optional:
        yield f"{environment.label}: {path} is optional; remove that, or the pod starts without an administrator"


RULE = Rule(
    name="administrator-present",
    title="An administrator exists",
    description="While sign-up is off, a Secret makes the first administrator; without one everybody is locked out.",
    remediation="Set LABEL_STUDIO_USERNAME, and LABEL_STUDIO_PASSWORD from a Secret (app.extraEnvironmentSecrets).",
    severity=Severity.HIGH,
    check=check,
)
