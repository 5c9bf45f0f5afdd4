"""What the stacks send is what the embedded provider knows, although it is older than the SDK that sends it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.tools.build import module_directory
from policies.checks.dry_run import resources_of

PROJECT = Path(__file__).resolve().parents[2]
MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
STACK_FILES = sorted([*PROJECT.glob("Pulumi.*.yaml"), *(PROJECT / "examples").glob("Pulumi.*.yaml")])
PREFIX = "kubernetes:"


@cache
def module() -> Path:
    return module_directory("kubernetes", MODULE)


@cache
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((module() / "cmd/pulumi-resource-kubernetes/schema.json").read_text())
    return loaded


@cache
def known_annotations() -> frozenset[str]:
    """The annotations that the provider reads, from its own source."""
    source = (module() / "pkg/metadata/annotations.go").read_text()
    return frozenset(f"pulumi.com/{name}" for name in re.findall(r'AnnotationPrefix \+ "([A-Za-z]+)"', source))


def unknown_to(properties: Mapping[str, Any], given: Any, path: str = "") -> Iterator[str]:
    """Paths of what is given and not among the schema's ``properties``."""
    for key, value in given.items() if isinstance(given, Mapping) else ():
        if key not in properties:
            yield f"{path}{key}"
        else:
            yield from _unknown_to_type(properties[key], value, f"{path}{key}")


def _unknown_to_type(kind: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    for inner in (kind, *kind.get("oneOf", ())):
        reference = inner.get("$ref", "")
        if reference.startswith("#/types/"):
            yield from unknown_to(
                schema()["types"][reference.removeprefix("#/types/")].get("properties", {}), value, f"{path}."
            )
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unknown_to_type(kind.get("items", {}), item, f"{path}[{number}]")


def found_in(stack_file: Path) -> Iterator[str]:
    config = yaml.safe_load(stack_file.read_text())["config"]
    for resource in resources_of("schema", config):
        if resource.type == "pulumi:providers:kubernetes":
            options = schema()["provider"]["inputProperties"]
            yield from (f"{resource.name}: {key}" for key in resource.props if key not in {*options, "version"})
        elif resource.type.startswith(PREFIX):
            yield from (f"{resource.name}: {path}" for path in _unknown_to_resource(resource.type, resource.props))


def _unknown_to_resource(kind: str, given: Mapping[str, Any]) -> Iterator[str]:
    metadata = given.get("metadata") or {}
    for name in metadata.get("annotations") or {}:
        if name.startswith("pulumi.com/") and name not in known_annotations():
            yield f"annotation {name}"
    if known := schema()["resources"].get(kind):
        yield from unknown_to(known["inputProperties"], given)
    else:
        # A custom resource is sent as it is written; only its metadata are the provider's business.
        yield from _unknown_to_type({"$ref": "#/types/kubernetes:meta/v1:ObjectMeta"}, metadata, "metadata")


@pytest.mark.parametrize("stack_file", STACK_FILES, ids=lambda path: path.name)
def test_no_property_annotation_or_option_is_unknown(stack_file: Path) -> None:
    assert [*found_in(stack_file)] == []


def test_an_unknown_one_is_found() -> None:
    container = {"name": "main", "imageFrom": "x"}
    given = {
        "metadata": {"annotations": {"pulumi.com/skipAwait": "true", "pulumi.com/notYet": "true"}},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    assert [*_unknown_to_resource("kubernetes:apps/v1:Deployment", given)] == [
        "annotation pulumi.com/notYet",
        "spec.template.spec.containers[0].imageFrom",
    ]
