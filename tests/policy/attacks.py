"""A generator of attacks: it knows the API and the ways of attackers, and nothing of the pack.

Kinds and paths come from the OpenAPI document of Kubernetes and from custom resource definitions, as they are in the Go
modules that the embedded platform is built of. Every path at which an object takes a pod, a container, an annotation or
any other text gets something that nobody may put there, in several spellings.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from local.tools.build import module_directory
from tests.policy.support import CONTAINER

SWAGGER = ("kubernetes", "k8s.io/kubernetes", "api/openapi-spec/swagger.json")
DEFINITIONS = (
    ("cloudnative-pg", "github.com/cloudnative-pg/cloudnative-pg", "config/crd/bases"),
    ("traefik", "github.com/traefik/traefik/v3", "docs/content/reference/dynamic-configuration"),
)
GVK = "x-kubernetes-group-version-kind"
POD_SPEC, CONTAINER_TYPE = "io.k8s.api.core.v1.PodSpec", "io.k8s.api.core.v1.Container"
POD_TEMPLATE = "io.k8s.api.core.v1.PodTemplateSpec"
SIGNUP = "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"
DEEPEST = 9
METADATA = {"name": "it", "namespace": "label-studio"}
PASSWORD = "hunter2-Xq9aB7"
TOKEN = "ghp_" + "a1B2" * 9
# One secret in the forms in which people write them down.
SECRETS = {
    "token": TOKEN,
    "access key": "AKIAIOSFODNN7EXAMPLE",
    "address": f"postgres://user:{PASSWORD}@host/db",
    "document": json.dumps({"db": {"password": PASSWORD}}, separators=(",", ":")),
    "variable": f"PGPASSWORD={PASSWORD} psql",
    "private key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n",
    "encoded": base64.b64encode(f"postgres://user:{PASSWORD}@host/db".encode()).decode(),
    "signed": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123456",
}

# Controllers that open a Service, attach a pod to a network, or put code into its containers, when they are told to.
ACTED_ON = {
    "expose.tunnels.example.net/enabled": "true",
    "ingress.example.com/public": "a.example.com",
    "tailscale.com/expose": "true",
    "getambassador.io/config": "kind: Mapping",
    "k8s.v1.cni.cncf.io/networks": "macvlan",
    "instrumentation.opentelemetry.io/inject-python": "true",
    "traffic.sidecar.istio.io/excludeInboundPorts": "8080",
    "dapr.io/enabled": "true",
}


@dataclass(frozen=True)
class Kind:
    """A kind of the API, with the schema of its objects."""

    group: str
    version: str
    name: str
    schema: Mapping[str, Any]
    definitions: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The type of a resource of this kind in Pulumi."""
        return f"kubernetes:{self.group or 'core'}/{self.version}:{self.name}"

    def object(self) -> dict[str, Any]:
        """An object with nothing but a name."""
        version = f"{self.group}/{self.version}" if self.group else self.version
        return {"apiVersion": version, "kind": self.name, "metadata": METADATA}


@cache
def kinds() -> list[Kind]:
    """Every kind that can be made in the API, and every custom one that can be had."""
    group, module, path = SWAGGER
    document = json.loads((module_directory(group, module) / path).read_text())
    posted = {
        (each["group"], each["version"], each["kind"])
        for operations in document["paths"].values()
        if (each := operations.get("post", {}).get(GVK))
    }
    definitions = document["definitions"]
    found = [
        Kind(each["group"], each["version"], each["kind"], schema, definitions)
        for schema in definitions.values()
        for each in schema.get(GVK, [])
        if (each["group"], each["version"], each["kind"]) in posted
    ]
    return [*found, *(kind for place in DEFINITIONS for kind in _custom(*place))]


def _custom(group: str, module: str, path: str) -> Iterator[Kind]:
    try:
        files = sorted(Path(module_directory(group, module), path).glob("*.y*ml"))
    except (RuntimeError, OSError):
        files = []
    for file in files:
        for document in yaml.safe_load_all(file.read_text()):
            if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                spec = document["spec"]
                for version in spec["versions"]:
                    schema = version.get("schema", {}).get("openAPIV3Schema", {})
                    yield Kind(spec["group"], version["name"], spec["names"]["kind"], schema, {})


def places(kind: Kind) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], str]]:
    """Every path of a kind's schema, with the schema there and the name of its definition; lists are ``[]``."""
    yield from _places(kind, kind.schema, (), ())


def _places(
    kind: Kind, schema: Mapping[str, Any], path: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], str]]:
    name = str(schema.get("$ref", "")).removeprefix("#/definitions/")
    if name in above or len(path) > DEEPEST:
        return
    inner = kind.definitions[name] if name else schema
    yield path, inner, name
    below = (*above, name) if name else above
    for key, value in inner.get("properties", {}).items():
        if path or key not in ("apiVersion", "kind", "status"):
            yield from _places(kind, value, (*path, key), below)
    if inner.get("type") == "array":
        yield from _places(kind, inner.get("items", {}), (*path, "[]"), below)
    if isinstance(inner.get("additionalProperties"), Mapping):
        yield from _places(kind, inner["additionalProperties"], (*path, "key"), below)


def placed(kind: Kind, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """An object with one value at a path."""
    for step in reversed(path):
        value = [value] if step == "[]" else {step: value}
    made: dict[str, Any] = _merged(kind.object(), value)
    return made


def _merged(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {key: _merged(below.get(key), above[key]) if key in above else below[key] for key in {**below, **above}}


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Containers of Label Studio in which strangers can sign up, in the ways in which that is done."""
    closed = [entry for entry in CONTAINER["env"] if entry["name"] != SIGNUP]
    opened = {"name": SIGNUP, "value": "false"}
    module = {"name": "DJANGO_SETTINGS_MODULE", "value": "open.settings"}

    def written(**changes: Any) -> dict[str, Any]:
        return {**CONTAINER, **changes}

    yield "not set", written(env=closed)
    yield "off", written(env=[*closed, opened])
    yield "off later", written(env=[*CONTAINER["env"], opened])
    yield "by another prefix", written(env=[*closed, {"name": SIGNUP.replace("LABEL_STUDIO", "HEARTEX"), "value": "0"}])
    yield "unset", written(command=["sh", "-c", f"unset {SIGNUP}; exec label-studio-uwsgi"], args=[])
    yield "env -u", written(command=["env", "-u", SIGNUP, "label-studio-uwsgi"], args=[])
    yield "assigned", written(command=["bash", "-c", f"{SIGNUP}=0 label-studio-uwsgi"], args=[])
    yield "sourced", written(command=["sh", "-c", ". /mnt/env; exec label-studio-uwsgi"], args=[])
    yield "wrapped", written(env=[*CONTAINER["env"], {"name": "CMD_WRAPPER", "value": f"env {SIGNUP}=0"}])
    yield "injected", written(env=[*CONTAINER["env"], {"name": "ENV_INJECT_SOURCES", "value": "/mnt/env"}])
    yield "another module", written(env=[*CONTAINER["env"], module])
    yield "from elsewhere", written(env=closed, envFrom=[{"secretRef": {"name": "elsewhere"}}])
    yield "another image", written(env=closed, image="docker.io/library/annotate:1.2.3", args=[])
    yield (
        "another command",
        written(env=closed, command=["python3", "/label-studio/label_studio/manage.py", "runserver"]),
    )
    yield "another start", written(env=closed, args=["label-studio", "start"])
    yield (
        "code laid over",
        written(volumeMounts=[{"name": "a", "mountPath": "/label-studio/label_studio/core/settings"}]),
    )
    yield "before its start", written(lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "true"]}}})


def with_open_pods() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every kind with every container of that sort, at every path that takes a pod: name, type and inputs."""
    for kind in kinds():
        for path, _, definition in places(kind):
            if definition == POD_SPEC:
                for name, container in containers():
                    yield (
                        f"{kind.type} {'.'.join(path)}: {name}",
                        kind.type,
                        placed(kind, path, {"containers": [container]}),
                    )


def with_annotations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Services, and kinds with the metadata of a pod, with annotations that some controller may act on."""
    for kind in kinds():
        inside = [path for path, _, definition in places(kind) if definition == POD_TEMPLATE]
        alone = [()] if (kind.group, kind.name) in (("", "Pod"), ("", "Service")) else []
        for path in [*inside, *alone]:
            for name, value in ACTED_ON.items():
                above = (*path, "metadata", "annotations", name)
                yield f"{kind.type} {'.'.join(above)}", kind.type, placed(kind, above, value)


def with_secrets() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every kind with a secret at every path that takes a text; the forms take turns."""
    forms = list(SECRETS.items())
    for kind in kinds():
        if (kind.group, kind.name) == ("", "Secret"):
            continue
        for index, (path, schema, _) in enumerate(places(kind)):
            is_text = schema.get("type") == "string" and schema.get("format") not in ("date-time", "byte")
            if path and is_text:
                form, text = forms[index % len(forms)]
                yield f"{kind.type} {'.'.join(path)}: {form}", kind.type, placed(kind, path, text)


def spellings(kind: str, props: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The same object as the other types of Pulumi's provider bring it."""
    yield "as it is", kind, props
    yield "as a custom resource", f"kubernetes:{props['apiVersion']}:{props['kind']}", props
    yield "in a list", "kubernetes:core/v1:List", {"items": [props]}
    yield "in a list of its kind", f"{kind}List", {"items": [props]}
    yield (
        "in a list of a list",
        "kubernetes:core/v1:List",
        {"items": [{"kind": "List", "apiVersion": "v1", "items": [props]}]},
    )
    yield "in a group", "kubernetes:yaml/v2:ConfigGroup", {"objs": [props]}
    yield "in a text", "kubernetes:yaml/v2:ConfigGroup", {"yaml": yaml.safe_dump(props)}
