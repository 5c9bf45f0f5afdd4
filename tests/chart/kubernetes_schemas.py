"""JSON schemas of Kubernetes' objects for kubeconform, made from the OpenAPI document in Kubernetes' own Go module.

The schemas that kubeconform would download are made in the same way; these come without the network and match the
version of the embedded cluster.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.tools.build import BUILDS

Schema = dict[str, Any]

# Kubernetes reads these from numbers and texts alike, whatever OpenAPI says of them.
LENIENT: dict[str, Schema] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}
REFERENCE = "#/definitions/"


def write_schemas(directory: Path) -> None:
    """One file for each kind, named as kubeconform looks for it: ``<kind>-<group>-<version>.json``."""
    definitions = _definitions()
    for name, definition in definitions.items():
        for identity in definition.get("x-kubernetes-group-version-kind", ()):
            if name.endswith(identity["kind"]):
                (directory / _file_name(identity)).write_text(json.dumps(_standalone(name, definitions)))


def _definitions() -> dict[str, Schema]:
    module = BUILDS["kube-apiserver"].directory
    command = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"]
    sources = subprocess.run(command, cwd=module, check=True, capture_output=True, text=True).stdout.strip()
    document = json.loads((Path(sources) / "api" / "openapi-spec" / "swagger.json").read_text())
    return {name: _strict(LENIENT.get(name, definition)) for name, definition in document["definitions"].items()}


def _strict(definition: Schema) -> Schema:
    if "properties" not in definition or "additionalProperties" in definition:
        return definition
    return {**definition, "additionalProperties": False}


def _file_name(identity: dict[str, str]) -> str:
    group = identity["group"].split(".")[0]
    return "-".join(part for part in (identity["kind"], group, identity["version"]) if part).lower() + ".json"


def _standalone(name: str, definitions: dict[str, Schema]) -> Schema:
    needed = {name: definitions[name]}
    waiting = [name]
    while waiting:
        for reference in _references(definitions[waiting.pop()]):
            if reference not in needed:
                needed[reference] = definitions[reference]
                waiting.append(reference)
    return {**definitions[name], "definitions": needed}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(REFERENCE)
        for member in schema.values():
            yield from _references(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from _references(member)
