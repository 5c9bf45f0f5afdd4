"""Secrets live in Secrets: chart values, variables, arguments and ConfigMaps can be read by far more people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.marks import SecretText
from .checks.releases import label_studio_release, release_of
from .checks.resources import Manifest, Resource, entries, manifests
from .checks.rule import Parameters, Rule
from .checks.secret_names import is_secret_name, is_secret_value
from .checks.secret_texts import in_text
from .checks.secrets import NAME, first_of_each, in_tree
from .checks.values import UNKNOWN, mapping

MEND = "put it into a Secret and refer to that"
# Where each kind keeps what is secret, so that nothing else of it may hold one.
SEALED = {("", "Secret"): ("data", "stringData"), ("bitnami.com", "SealedSecret"): ("encryptedData",)}
# Fields of references whose names sound like values.
REFERENCES = {"external-secrets.io": ("secretKey", "remoteRef", "secretStoreRef")}
OWN = ("apiVersion", "kind", "status")


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """No secret by structure, name or form, anywhere but in the fields that are there for it."""
    yield from _in_arguments(resource)
    if release := release_of(resource):
        for path, form in first_of_each(list(in_tree(release.values, ""))):
            yield f"{release.label}: {path} holds {form}; {MEND} (secretName, secretKey)"
    if release := label_studio_release(resource):
        for service in ("pgConfig", "redisConfig"):
            password = release.get("global", service, "password")
            if password is not None and password is not UNKNOWN and not isinstance(password, dict):
                yield f"{release.label}: global.{service}.password is written out; write secretName and secretKey"
    for manifest in manifests(resource):
        for path, form in first_of_each(list(_in_manifest(manifest))):
            yield f"{manifest.label}: {path} holds {form}; {MEND}"


def _in_arguments(resource: Resource) -> Iterator[str]:
    """What a provider or a release is told besides; the engine keeps encrypted what is marked as a secret."""
    if resource.type.startswith("pulumi:providers:") or release_of(resource):
        props = {
            key: value for key, value in resource.props.items() if key not in ("values", "valueYamlFiles", "manifest")
        }
        for path, form in first_of_each(list(in_tree(_unmarked(props), ""))):
            yield f"{resource.name}: {path} holds {form}; write pulumi.Output.secret, or name a Secret"


def _unmarked(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _unmarked(value) for key, value in tree.items() if not isinstance(value, SecretText)}
    return [_unmarked(value) for value in tree if not isinstance(value, SecretText)] if isinstance(tree, list) else tree


def _in_manifest(manifest: Manifest) -> Iterator[tuple[str, str]]:
    body = {key: value for key, value in manifest.body.items() if key not in OWN}
    if (manifest.group, manifest.kind) == ("", "ConfigMap"):
        yield from _in_config_map(manifest)
        body = {key: value for key, value in body.items() if key not in ("data", "binaryData")}
    left_out = {*SEALED.get((manifest.group, manifest.kind), ()), *REFERENCES.get(manifest.group, ())}
    yield from in_tree(_without(body, left_out) if left_out else body, "")


def _in_config_map(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for part in ("data", "binaryData"):
        for key, value in mapping(manifest.body.get(part)).items():
            if is_secret_name(key) and is_secret_value(value):
                yield f"{part}.{key}", NAME
    for path, text in entries(manifest):
        yield from ((path, found) for found in in_text(text, path))


def _without(tree: Any, names: set[str]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _without(value, names) for key, value in tree.items() if key not in names}
    return [_without(value, names) for value in tree] if isinstance(tree, list) else tree


RULE = Rule(
    name="no-plaintext-secrets",
    title="Secrets are in Secrets",
    description="No secret is written out in chart values, variables, arguments, ConfigMaps or custom resources.",
    remediation="Put it into a Secret (secrets in the stack file makes some) and name the Secret and its key.",
    severity=Severity.CRITICAL,
    check=check,
)
