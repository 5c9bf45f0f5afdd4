"""PostgreSQL 13 or higher: Label Studio needs it, and owners may install its extensions only since then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from .checks.images import Image
from .checks.pods import containers
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at, mapping

SERVER_IMAGE = re.compile(r"(.*/)?(postgres|postgresql|postgis|spilo(-\d+)?)", re.IGNORECASE)
LEADING_NUMBER = re.compile(r"v?(\d+)")


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Custom resources and images of servers say a major version, and it is high enough."""
    minimum = int(parameters["minimum"])
    for manifest in manifests(resource):
        yield from (f"{manifest.label}: {problem}" for problem in _custom_resource_problems(manifest, minimum))
    for container in containers(resource):
        reference = container.body.get("image")
        if isinstance(reference, str) and SERVER_IMAGE.fullmatch(Image("", reference).name):
            for problem in _version_problems("image", image_version(reference), minimum):
                yield f"{container.label}: {problem}"


def _custom_resource_problems(manifest: Manifest, minimum: int) -> Iterator[str]:
    spec = manifest.body.get("spec")
    if manifest.is_patch and not {"imageName", "imageCatalogRef", "postgresql"} & set(mapping(spec)):
        return
    if (manifest.group, manifest.kind) == ("postgresql.cnpg.io", "Cluster"):
        catalog = at(spec, "imageCatalogRef", "major")
        name = at(spec, "imageName")
        if UNKNOWN not in (catalog, name):
            path = "spec.imageName" if catalog is None else "spec.imageCatalogRef.major"
            yield from _version_problems(path, image_version(name) if catalog is None else _number(catalog), minimum)
    elif (manifest.group, manifest.kind) == ("acid.zalan.do", "postgresql"):
        version = at(spec, "postgresql", "version")
        if version is not UNKNOWN:
            yield from _version_problems("spec.postgresql.version", _number(version), minimum)


def image_version(reference: Any) -> int | None:
    """The major version in an image's tag, or for Spilo in its name; None where there is none."""
    image = Image("", reference if isinstance(reference, str) else None)
    if spilo := re.search(r"/spilo-(\d+)$", image.name):
        return int(spilo[1])
    return _number(image.tag)


def _number(value: Any) -> int | None:
    match = LEADING_NUMBER.match(str(value))
    return int(match[1]) if match and not isinstance(value, bool) else None


def _version_problems(path: str, version: int | None, minimum: int) -> Iterator[str]:
    if version is None:
        yield f"{path} does not say the major version of PostgreSQL; write it, {minimum} or higher"
    elif version < minimum:
        yield f"{path} is PostgreSQL {version}; Label Studio needs {minimum} or higher"


RULE = Rule(
    name="postgresql-version",
    title="PostgreSQL is new enough",
    description="PostgreSQL servers are of a stated major version, 13 or higher.",
    remediation="Write postgresql.version: 17 and an image whose tag begins with that number.",
    severity=Severity.MEDIUM,
    check=check,
    parameters={
        "minimum": {"type": "integer", "minimum": 13, "default": 13, "description": "Lowest major version allowed."}
    },
)
