"""The value of a Secret is nowhere else: not in another resource, in whatever spelling, and not in a plain output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.contents import Known, known_secrets, occurrences
from .checks.marks import SecretText
from .checks.releases import release_of
from .checks.resources import manifests
from .checks.rule import Parameters
from .checks.secret_forms import form_of
from .checks.secret_names import is_reference, is_secret_name, is_secret_value
from .checks.stack import Stack, StackRule, Violation
from .checks.values import mapping, walk

MEND = "refer to the Secret instead"
SEALED = {("", "Secret"): ("data", "stringData"), ("bitnami.com", "SealedSecret"): ("encryptedData",)}


def check(stack: Stack, _: Parameters) -> Iterator[Violation]:
    """No plain text contains a secret value, and no plain output is one."""
    secrets = known_secrets(stack)
    for resource in stack.resources:
        if release := release_of(resource):
            yield from _found(secrets, release.values, release.label, resource.urn)
        for manifest in manifests(resource):
            sealed = SEALED.get((manifest.group, manifest.kind), ())
            body = {key: value for key, value in manifest.body.items() if key not in sealed}
            if sealed and manifest.group:
                body["spec"] = {key: each for key, each in mapping(body.get("spec")).items() if key not in sealed}
            yield from _found(secrets, body, manifest.label, resource.urn)
    yield from ((message, "") for message in _output_problems(secrets, stack.outputs))


def _found(secrets: list[Known], tree: Any, label: str, urn: str) -> Iterator[Violation]:
    for path, known in occurrences(secrets, tree):
        yield f"{label}: {path} contains the value of {known.place}; {MEND}", urn


def _output_problems(secrets: list[Known], outputs: Mapping[str, Any]) -> Iterator[str]:
    plain = {path: value for path, value in walk(outputs) if not isinstance(value, SecretText)}
    for path, value in plain.items():
        name = path.rpartition(".")[2]
        if not isinstance(value, str):
            continue
        named = is_secret_name(name) and is_secret_value(value) and not is_reference(name, value, ())
        if named or form_of(value) or next(occurrences(secrets, {path: value}), None):
            yield f"output {path} is a secret in plain text; write pulumi.Output.secret, or name the Secret instead"


RULE = StackRule(
    name="secrets-contained",
    title="Secret values stay in Secrets",
    description="No value of a Secret, a generated password or the secret configuration occurs in a plain text.",
    remediation="Refer to the Secret (secretKeyRef, secretName) where the value is written; make outputs secret.",
    severity=Severity.CRITICAL,
    check=check,
)
