"""What the pack does not know does not pass: a kind, or a field of a kind, that no policy reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from .checks.annotations import unread_annotations
from .checks.kinds import Kind, Role, kind_of, unread_fields
from .checks.releases import RELEASE_TYPE
from .checks.resources import KUBERNETES_TYPE, WITHOUT_MANIFESTS, Manifest, Resource, manifests
from .checks.rule import Parameters, Rule, reasons
from .checks.values import is_text

INDEX = re.compile(r"\[\d+\]")
# Packages whose resources reach no cluster: the engine's own, random values, certificates, the program's components.
PACKAGES = {"pulumi", "random", "tls", "label-studio"}
PROVIDER = "pulumi:providers:"


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Every object is of a kind that the pack knows, or that the configuration admits, and so is each of its fields."""
    if resource.type.startswith("kubernetes:"):
        yield from _type_problems(resource)
    else:
        yield from _package_problems(resource, parameters["admittedPackages"])
    for manifest in manifests(resource):
        yield from _manifest_problems(manifest, parameters)


def _type_problems(resource: Resource) -> Iterator[str]:
    known = KUBERNETES_TYPE.fullmatch(resource.type) or WITHOUT_MANIFESTS.fullmatch(resource.type)
    if not known or (resource.type.startswith("kubernetes:helm.sh/") and not RELEASE_TYPE.fullmatch(resource.type)):
        yield f"{resource.name}: the policies cannot read a resource of this type; use one of a Kubernetes kind"


def _package_problems(resource: Resource, admitted: Mapping[str, Any]) -> Iterator[str]:
    package = resource.type.partition(":")[0]
    # A component has no provider: what it makes is registered, and checked, by itself.
    if resource.provider is None or package in PACKAGES or resource.type.startswith(PROVIDER):
        return
    if not is_text(admitted.get(package)):
        yield (
            f"{resource.name}: the policies do not know the package {package}; review what it does and list it in the "
            "parameter admittedPackages with a reason"
        )


def _manifest_problems(manifest: Manifest, parameters: Parameters) -> Iterator[str]:
    if is_text(parameters["admittedKinds"].get(manifest.qualified)):
        return
    kind = kind_of(manifest)
    if kind is None:
        yield (
            f"{manifest.label}: the policies do not know the kind {manifest.qualified}; review what it does and list "
            "it in the parameter admittedKinds with a reason"
        )
        return
    for path, reason in _unread(manifest, kind):
        place = f"{manifest.qualified} {INDEX.sub('', path)}"
        if not is_text(parameters["admittedFields"].get(place)):
            yield (
                f"{manifest.label}: {path} {reason}; remove it, or list '{place}' in the parameter admittedFields "
                "with a reason"
            )


def _unread(manifest: Manifest, kind: Kind) -> Iterator[tuple[str, str]]:
    yield from ((unread.path, unread.reason) for unread in unread_fields(manifest, kind))
    for path, name in unread_annotations(manifest, kind.role is Role.PODS):
        if name:
            yield f"{path}.{name}", "is an annotation, or has a value, that the policies do not know"
        else:
            yield path, "are known only after the update"


RULE = Rule(
    name="kinds-known",
    title="Nothing unknown is applied",
    description="Every object is of a kind, and has fields, that the policies read or that were reviewed.",
    remediation="Use a kind of the table of kinds, or admit the one named with a reason.",
    severity=Severity.CRITICAL,
    check=check,
    parameters={
        "admittedKinds": reasons("Kinds that the stack may make besides those of the table", "traefik.io/Middleware"),
        "admittedFields": reasons(
            "Fields, by kind and path, that the stack may use besides those the policies read",
            "postgresql.cnpg.io/Cluster spec.env",
        ),
        "admittedPackages": reasons("Pulumi packages whose resources the stack may make", "aws"),
    },
)
