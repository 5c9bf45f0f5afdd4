"""The object store's root key stays with the store: Label Studio works with a key that may use its bucket only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from policies.checks.environment import Reference, environments
from policies.checks.pods import Pod, pods
from policies.checks.releases import Release, label_studio_release
from policies.checks.resources import Manifest, Resource, manifests
from policies.checks.rule import Parameters, Rule
from policies.checks.values import at, is_text, items, mapping, walk

ROOT_KEY = re.compile(
    r"(MINIO_)?ROOT[_-]?(USER|PASSWORD|ACCESS_?KEY|SECRET_?KEY)|MINIO_(ACCESS|SECRET)_KEY", re.IGNORECASE
)
ROOT_CONFIGURATION = "config.env"
ROOT_NAME = re.compile(r"(^|[-.])root([-.]|$)")
MEND = "give Label Studio the key of its bucket (s3 connection), never the root one"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Secrets with root keys are called so, and Label Studio refers to none that is."""
    for manifest in manifests(resource):
        yield from _naming_problems(manifest)
    for environment in environments(resource, workers=True):
        for variable in environment.variables:
            reference = variable.value
            if ROOT_KEY.fullmatch(variable.name) or (isinstance(reference, Reference) and _is_root(reference)):
                yield f"{environment.label}: {variable.path} hands over the object store's root key; {MEND}"
    if release := label_studio_release(resource):
        yield from _value_problems(release)
    if environments(resource, workers=True):
        for pod in pods(resource):
            yield from _pod_problems(pod)


def _is_root(reference: Reference) -> bool:
    name, key = str(reference.name), str(reference.key)
    return bool(ROOT_NAME.search(name) or ROOT_KEY.fullmatch(key) or key == ROOT_CONFIGURATION)


def _naming_problems(manifest: Manifest) -> Iterator[str]:
    mend = "call it <name>-root, so that no reference to it goes unseen"
    if manifest.kind == "Secret" and manifest.group == "":
        keys = {**mapping(manifest.body.get("data")), **mapping(manifest.body.get("stringData"))}
        holds_root = any(ROOT_KEY.fullmatch(key) or key == ROOT_CONFIGURATION for key in keys)
        if holds_root and _has_other_name(at(manifest.body, "metadata", "name")):
            yield f"{manifest.label}: it holds root keys; {mend}"
    if manifest.kind == "Tenant" and _has_other_name(at(manifest.body, "spec", "configuration", "name")):
        yield f"{manifest.label}: spec.configuration names the Secret of the root key; {mend}"


def _has_other_name(name: Any) -> bool:
    return is_text(name) and not ROOT_NAME.search(name)


def _value_problems(release: Release) -> Iterator[str]:
    for path, value in walk(release.get("global", "persistence"), release.path("global", "persistence")):
        if isinstance(value, str) and "xistingSecret" in path and _is_root(Reference("Secret", value, value)):
            yield f"{release.label}: {path} hands over the object store's root key; {MEND}"
    for keys in (("app", "extraVolumes"), ("global", "extraVolumes")):
        for path, value in walk(release.get(*keys), release.path(*keys)):
            if isinstance(value, str) and path.endswith(("secretName", "secret.name")) and ROOT_NAME.search(value):
                yield f"{release.label}: {path} mounts the object store's root key; {MEND}"


def _pod_problems(pod: Pod) -> Iterator[str]:
    sources = [
        (f"volumes {path}", value)
        for path, value in walk(items(pod.spec.get("volumes")))
        if path.endswith(("secretName", "secret.name"))
    ]
    for container in pod.containers:
        for index, source in enumerate(items(container.body.get("envFrom"))):
            sources.append((f"container {container.name} envFrom[{index}]", at(source, "secretRef", "name")))
    for path, name in sources:
        if isinstance(name, str) and ROOT_NAME.search(name):
            yield f"{pod.manifest.label}: {path} hands over the object store's root key; {MEND}"


RULE = Rule(
    name="root-keys-contained",
    title="Root keys stay with the store",
    description="Label Studio never gets the root key of the object store.",
    remediation="Refer to the Secret of the bucket's own key; keep root keys in a Secret called <name>-root.",
    severity=Severity.CRITICAL,
    check=check,
)
