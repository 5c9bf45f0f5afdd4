"""The object store's root key stays with the store: Label Studio works with a key that may use its bucket only."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.environment import Reference, environments
from .checks.pods import Pod, pods
from .checks.releases import Release, label_studio_release
from .checks.resources import Manifest, Resource, manifests
from .checks.root_keys import (
    CONFIGURATION,
    ROOT_KEY,
    is_root_entry,
    is_root_name,
    references,
    uses_label_studio,
)
from .checks.rule import Parameters, Rule
from .checks.values import at, is_text, items, mapping, walk

MEND = "give Label Studio the key of its bucket (s3 connection), never the root one"
COMPONENTS = "label-studio:"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Secrets with root keys are called so, and nothing beside Label Studio refers to one that is."""
    for manifest in manifests(resource):
        yield from _naming_problems(manifest)
    for environment in environments(resource, workers=True):
        for variable in environment.variables:
            reference = variable.value
            if ROOT_KEY.fullmatch(variable.name) or (isinstance(reference, Reference) and _is_root(reference)):
                yield f"{environment.label}: {variable.path} hands over the object store's root key; {MEND}"
    if release := label_studio_release(resource):
        yield from _value_problems(release)
    for pod in pods(resource):
        if uses_label_studio(pod):
            yield from _pod_problems(pod)
    if resource.type.startswith(COMPONENTS) and "AnnotationProject" in resource.type:
        for path, value in walk(resource.props):
            if path.rpartition(".")[2] in ("credentials", "existingSecret", "secretName") and is_root_name(value):
                yield f"{resource.name}: {path} hands over the object store's root key; {MEND}"


def _is_root(reference: Reference) -> bool:
    return is_root_name(reference.name) or is_root_entry(reference.key) or reference.key == CONFIGURATION


def _naming_problems(manifest: Manifest) -> Iterator[str]:
    fix = "call it <name>-root, so that no reference to it goes unseen"
    if manifest.kind == "Secret" and manifest.group == "":
        keys = {**mapping(manifest.body.get("data")), **mapping(manifest.body.get("stringData"))}
        holds_root = any(is_root_entry(key) or key == CONFIGURATION for key in keys)
        if holds_root and _has_other_name(at(manifest.body, "metadata", "name")):
            yield f"{manifest.label}: it holds root keys; {fix}"
    if manifest.kind == "Tenant" and _has_other_name(at(manifest.body, "spec", "configuration", "name")):
        yield f"{manifest.label}: spec.configuration names the Secret of the root key; {fix}"


def _has_other_name(name: object) -> bool:
    return is_text(name) and not is_root_name(name)


def _value_problems(release: Release) -> Iterator[str]:
    for path, value in walk(release.get("global", "persistence"), release.path("global", "persistence")):
        if isinstance(value, str) and "xistingSecret" in path and _is_root(Reference("Secret", value, value)):
            yield f"{release.label}: {path} hands over the object store's root key; {MEND}"
    for keys in (("app", "extraVolumes"), ("global", "extraVolumes")):
        pod = Pod(Manifest("", "Release", {}, release.resource), {"volumes": items(release.get(*keys))}, {})
        for path, name, key in references(pod):
            if _is_root(Reference("Secret", name, key)):
                yield f"{release.label}: {release.path(*keys)} {path} mounts the object store's root key; {MEND}"


def _pod_problems(pod: Pod) -> Iterator[str]:
    for path, name, key in references(pod):
        if _is_root(Reference("Secret", name, key)):
            yield f"{pod.manifest.label}: {path} hands over the object store's root key; {MEND}"


RULE = Rule(
    name="root-keys-contained",
    title="Root keys stay with the store",
    description="Label Studio, and whatever is in its pods, never gets the root key of the object store.",
    remediation="Refer to the Secret of the bucket's own key; keep root keys in a Secret called <name>-root.",
    severity=Severity.CRITICAL,
    check=check,
)
