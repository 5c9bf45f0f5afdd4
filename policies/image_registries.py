"""Software comes from places that somebody chose."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.images import images
from .checks.resources import Resource
from .checks.rule import Parameters, Rule

DEFAULT = [
    "docker.io/heartexlabs",
    "docker.io/library",
    "docker.io/pgsty",
    "docker.io/valkey",
    "ghcr.io/cloudnative-pg",
]


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Every image is below one of the allowed registries or paths."""
    allowed = [str(prefix).rstrip("/") for prefix in parameters["allowed"]]
    for image in images(resource):
        if image.reference is not None and not any(image.name.startswith(f"{prefix}/") for prefix in allowed):
            yield (
                f"{image.label}: its image comes from a registry that is not allowed; use one of "
                f"{', '.join(allowed)}, or add it to the parameter allowed"
            )


RULE = Rule(
    name="image-registries",
    title="Images are from allowed registries",
    description="Images come from registries, or paths in them, that the configuration of the policies allows.",
    remediation="Use images.mirror, or add the registry to the parameter allowed in policies/config.<stack>.json.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "default": DEFAULT,
            "description": "Registries, each with an optional path, such as registry.example.com/mirror.",
        }
    },
)
