"""The environment that Label Studio starts with, from the values of a release or from a container.

Label Studio 1.20.0 reads a setting X from ``LABEL_STUDIO_X``, ``HEARTEX_X`` or ``X`` (core/utils/params.py), takes
true, yes, on, 1 and false, no, not, off, 0 in any case for a boolean, and does not start with anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.checks.pods import Container, containers
from policies.checks.releases import Release, label_studio_release
from policies.checks.resources import Resource, manifests
from policies.checks.values import UNKNOWN, at, is_text, items, mapping

PREFIXES = ("LABEL_STUDIO_", "HEARTEX_", "")
TRUE = {"true", "yes", "on", "1"}
FALSE = {"false", "no", "not", "off", "0"}
# Shell text that the image's entrypoint runs before Label Studio, and that may set any variable anew.
WRAPPERS = {"CMD_WRAPPER", "ENV_INJECT_SOURCES"}
WITHOUT_PAGE = ("nginx", "label-studio-migrate")
IMAGE = re.compile(r"[^/]*label-?studio[^/]*", re.IGNORECASE)
COMMAND = re.compile(r"(.*/)?label-studio(-[a-z]+)?|.*/label_studio/manage\.py")


@dataclass(frozen=True)
class Reference:
    """A value that lives elsewhere: in a key of a Secret (``kind`` is Secret), of a ConfigMap, in a field."""

    kind: str
    name: Any = None
    key: Any = None
    optional: bool = False


@dataclass(frozen=True)
class Variable:
    """One variable; ``value`` is a text, a Reference, ``UNKNOWN``, or None for what is no scalar."""

    name: str
    value: Any
    path: str


@dataclass(frozen=True)
class Environment:
    """``overrides`` can change every variable unseen, ``additions`` only those that are not set otherwise."""

    label: str
    place: str
    variables: tuple[Variable, ...]
    overrides: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    command: str = ""

    def setting(self, name: str) -> list[Variable]:
        """Every variable that sets the setting ``name``, under each of its spellings."""
        names = {f"{prefix}{name}" for prefix in PREFIXES}
        return [variable for variable in self.variables if variable.name in names]

    def text(self, name: str) -> str | None:
        """The value of a setting, where it is written out."""
        for prefix in PREFIXES:
            for variable in reversed(self.variables):
                if variable.name == f"{prefix}{name}" and isinstance(variable.value, str):
                    return variable.value
        return None

    def hidden_changes(self, name: str) -> Iterator[str]:
        """Ways in which the setting could get another value than the variables say."""
        for path in self.overrides:
            yield f"{self.label}: {path} runs before Label Studio and may change {name}; remove it"
        if re.search(rf"(?:\b|_){name}\s*=", self.command):
            yield f"{self.label}: its command sets {name} anew; remove that from the command"


def environments(resource: Resource, *, workers: bool = False) -> list[Environment]:
    """The environment of each container that serves Label Studio, and with ``workers`` of the queue workers too."""
    if release := label_studio_release(resource):
        return [_of_release(release)]
    return [_of_container(item) for item in containers(resource) if _is_label_studio(item) and _serves(item, workers)]


def require_boolean(environment: Environment, name: str, wanted: bool, *, required: bool = True) -> Iterator[str]:
    """What keeps the setting from being ``wanted`` for sure."""
    mend = f'write LABEL_STUDIO_{name}: "{str(wanted).lower()}"'
    variables = environment.setting(name)
    if not variables and required:
        yield f"{environment.label}: LABEL_STUDIO_{name} is not set; {mend} in {environment.place}"
    if not variables and not required:
        for path in environment.additions:
            yield f"{environment.label}: {path} may set {name} unseen; {mend} in {environment.place}"
    for variable in variables:
        if problem := boolean_problem(variable.value, wanted):
            yield f"{environment.label}: {variable.path} {problem}; {mend}"
    yield from environment.hidden_changes(name)


def boolean_problem(value: Any, wanted: bool) -> str | None:
    """Why a variable's value is not the boolean ``wanted``, in words that do not repeat the value."""
    if problem := not_literal(value):
        return problem
    if value.lower() in (FALSE if wanted else TRUE):
        return f"is {'off' if wanted else 'on'}"
    if value.lower() not in (TRUE if wanted else FALSE):
        return "is no boolean to Label Studio, which does not start with it"
    return None


def not_literal(value: Any) -> str | None:
    """Why a value cannot be checked before it is deployed."""
    if value is UNKNOWN:
        return "is known only after the update, so no preview can check it; it has to be written out"
    if isinstance(value, Reference):
        return f"comes from a {value.kind}, so nobody can check it; it has to be written out"
    return None if isinstance(value, str) else "is no text, number or boolean"


def python_overrides(resource: Resource, name: str, wanted: bool) -> Iterator[str]:
    """Settings modules in ConfigMaps that give the setting another value than ``wanted``."""
    assignment = re.compile(rf"^[ \t]*{name}\s*(?::[^=\n]*)?=(?!=)\s*+(?!{wanted}\b)", re.MULTILINE)
    for manifest in manifests(resource):
        if manifest.kind == "ConfigMap":
            for key, text in mapping(manifest.body.get("data")).items():
                if isinstance(text, str) and assignment.search(text):
                    yield f"{manifest.label}: data.{key} assigns {name}; remove that, the environment sets it"


def is_serving_https(environment: Environment, resource: Resource) -> bool:
    """Whether browsers reach this Label Studio by https."""
    release = label_studio_release(resource)
    if release and release.get("app", "ingress", "enabled") not in (None, False):
        return True
    return (environment.text("HOST") or "").lower().startswith("https://")


def _of_release(release: Release) -> Environment:
    scopes = [("global",), ("app",)]
    paths = [(release.path(*scope), release.get(*scope)) for scope in scopes]
    if release.is_nested:
        paths.insert(1, ("label-studio.global", at(release.values, "label-studio", "global")))
    variables: list[Variable] = []
    overrides: list[str] = []
    for path, values in paths:
        for key in ("extraEnvironmentVars", "extraEnvironmentSecrets"):
            if at(values, key) is UNKNOWN:
                overrides.append(f"{path}.{key}, unknown as a whole,")
        plain_values = mapping(at(values, "extraEnvironmentVars"))
        secrets = mapping(at(values, "extraEnvironmentSecrets"))
        variables += [_chart_variable(f"{path}.extraEnvironmentVars", *item) for item in plain_values.items()]
        variables += [_chart_secret(f"{path}.extraEnvironmentSecrets", *item) for item in secrets.items()]
        overrides += [f"{path}.{key}" for key in ("cmdWrapper", "envInjectSources") if at(values, key)]
    command = " ".join(str(word) for word in items(release.get("app", "args")))
    place = release.path("global", "extraEnvironmentVars")
    return Environment(release.label, place, tuple(variables), tuple(overrides), (), command)


def _chart_variable(path: str, key: str, value: Any) -> Variable:
    return Variable(_chart_name(key), _scalar(value), f"{path}.{key}")


def _chart_secret(path: str, key: str, value: Any) -> Variable:
    reference = Reference("Secret", at(value, "secretName"), at(value, "secretKey"))
    return Variable(_chart_name(key), reference, f"{path}.{key}")


def _chart_name(key: str) -> str:
    # As the charts do: {{ $key | replace "." "_" | upper }}.
    return key.replace(".", "_").upper()


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else value if value is UNKNOWN else None


def _of_container(container: Container) -> Environment:
    entries = [mapping(entry) for entry in items(container.body.get("env"))]
    variables = tuple(_container_variable(index, entry) for index, entry in enumerate(entries))
    overrides = [variable.path for variable in variables if variable.name in WRAPPERS and variable.value != ""]
    if container.body.get("env") is UNKNOWN or UNKNOWN in items(container.body.get("env")):
        overrides.append("env, unknown as a whole,")
    additions = ("envFrom",) if container.body.get("envFrom") else ()
    command = " ".join(container.words)
    return Environment(container.label, "env", variables, tuple(overrides), additions, command)


def _container_variable(index: int, entry: Any) -> Variable:
    name = entry.get("name")
    path = f"env {name}" if is_text(name) else f"env[{index}]"
    source = entry.get("valueFrom")
    if source is None:
        return Variable(str(name), _scalar(entry.get("value", "")), path)
    return Variable(str(name), source if source is UNKNOWN else _reference(mapping(source)), path)


def _reference(source: Any) -> Reference:
    for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if key in source:
            reference = mapping(source[key])
            return Reference(kind, reference.get("name"), reference.get("key"), bool(reference.get("optional")))
    return Reference("field")


def _is_label_studio(container: Container) -> bool:
    image = container.body.get("image")
    by_image = isinstance(image, str) and IMAGE.fullmatch(image.partition("@")[0].rsplit("/", 1)[-1])
    by_command = any(COMMAND.fullmatch(word) for word in container.words)
    names = (at(entry, "name") for entry in items(container.body.get("env")))
    return bool(by_image or by_command or any(str(name).startswith("LABEL_STUDIO_") for name in names))


def _serves(container: Container, workers: bool) -> bool:
    if container.is_init or container.pod.manifest.kind in ("Job", "CronJob"):
        return False
    if any("rqworker" in word for word in container.words):
        return workers
    return not any(word in WITHOUT_PAGE for word in container.words[:1])
