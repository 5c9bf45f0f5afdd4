"""Secrets live in Secrets: chart values, variables, arguments and ConfigMaps can be read by far more people."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.checks import secrets
from policies.checks.pods import Container, containers
from policies.checks.releases import label_studio_release, release_of
from policies.checks.resources import Manifest, Resource, manifests
from policies.checks.rule import Parameters, Rule
from policies.checks.values import UNKNOWN, at, items, mapping

MEND = "put it into a Secret and refer to that"
KINDS_WITH_SECRETS = {"Secret", "SealedSecret"}


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """No secret by name or by form in values, variables, arguments, ConfigMaps or custom resources."""
    if release := release_of(resource):
        for path, form in secrets.in_tree(release.values, ""):
            yield f"{release.label}: {path} holds {form}; {MEND} (secretName, secretKey)"
    if release := label_studio_release(resource):
        for service in ("pgConfig", "redisConfig"):
            password = release.get("global", service, "password")
            if password is not None and password is not UNKNOWN and not isinstance(password, dict):
                yield f"{release.label}: global.{service}.password is written out; write secretName and secretKey"
    for manifest in manifests(resource):
        if manifest.kind == "ConfigMap":
            yield from _in_config_map(manifest)
        elif manifest.kind not in KINDS_WITH_SECRETS:
            for path, form in secrets.in_tree(manifest.body.get("spec"), "spec"):
                yield f"{manifest.label}: {path} holds {form}; {MEND}"
    for container in containers(resource):
        yield from _in_container(container)


def _in_config_map(manifest: Manifest) -> Iterator[str]:
    for key, text in mapping(manifest.body.get("data")).items():
        if secrets.is_secret_name(key) and secrets.is_secret_value(text):
            yield f"{manifest.label}: data.{key} holds a secret by its name; {MEND}"
        elif isinstance(text, str):
            for found in secrets.in_text(text):
                yield f"{manifest.label}: data.{key} holds {found}; {MEND}"


def _in_container(container: Container) -> Iterator[str]:
    for entry in items(container.body.get("env")):
        name = at(entry, "name")
        value = at(entry, "value")
        given = value is UNKNOWN or (value is not None and at(entry, "valueFrom") is None)
        if isinstance(name, str) and given and secrets.is_secret_name(name) and secrets.is_secret_value(value):
            yield f"{container.label}: the value of {name} is written out; use valueFrom.secretKeyRef"
    for found in secrets.in_arguments(container.words):
        yield f"{container.label}: its command line holds {found}, which every process can read; {MEND}"


RULE = Rule(
    name="no-plaintext-secrets",
    title="Secrets are in Secrets",
    description="No secret is written out in chart values, variables, arguments, ConfigMaps or custom resources.",
    remediation="Put it into a Secret (secrets in the stack file makes some) and name the Secret and its key.",
    severity=Severity.CRITICAL,
    check=check,
)
