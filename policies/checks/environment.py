"""The environment that Label Studio finally sees, from the values of a release or from a container.

Kubernetes lays ``env`` over ``envFrom``, the later entry over the earlier one, and puts ``$(NAME)`` in. Label Studio
1.23.2 reads a setting X from ``LABEL_STUDIO_X``, else ``HEARTEX_X``, else ``X`` (core/utils/params.py), takes true,
yes, on, 1 and false, no, not, off, 0 in any case for a boolean, and does not start with anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .commands import Task, task_of
from .label_studio import is_label_studio
from .pods import Container, Pod, containers
from .releases import Release, label_studio_release
from .resources import Manifest, Resource
from .values import UNKNOWN, at, is_text, items, mapping, walk

PREFIXES = ("LABEL_STUDIO_", "HEARTEX_", "")
TRUE = {"true", "yes", "on", "1"}
FALSE = {"false", "no", "not", "off", "0"}
WRAPPER_VALUES = ("cmdWrapper", "envInjectSources")
VALUE_MOUNTS = ("extraVolumes", "extraVolumeMounts")
EXPANSION = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


@dataclass(frozen=True)
class Reference:
    """A value that lives elsewhere: in a key of a Secret (``kind`` is Secret), of a ConfigMap, in a field or file."""

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
    """What one container sees.

    ``hidden`` are places that can set any variable unseen, ``pending`` those that only the whole stack can tell, and
    ``is_patch`` says that there is more in the cluster than is written here.
    """

    label: str
    place: str
    variables: tuple[Variable, ...]
    task: Task = Task.PAGE
    hidden: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    is_patch: bool = False
    container: Container | None = None

    def setting(self, name: str) -> list[Variable]:
        """The variable that Label Studio reads the setting from, as a list of one; an empty one where it is not set."""
        for prefix in PREFIXES:
            for variable in reversed(self.variables):
                if variable.name == f"{prefix}{name}":
                    return [variable]
        return []

    def text(self, name: str) -> str | None:
        """The value of a setting, where it is written out."""
        return next((found.value for found in self.setting(name) if isinstance(found.value, str)), None)

    def may_have_more(self) -> bool:
        """Whether a variable that is not here may still be set, so that nobody can call it missing."""
        return self.is_patch or bool(self.pending)


def environments(resource: Resource, *, workers: bool = False) -> list[Environment]:
    """The environment of each container that serves Label Studio, and with ``workers`` of the queue workers too.

    A container whose command nobody can follow counts as one that serves.
    """
    if release := label_studio_release(resource):
        return [_of_release(release)]
    wanted = {Task.PAGE, Task.OPAQUE, *([Task.WORKER] if workers else [])}
    found = (_of_container(container) for container in containers(resource))
    return [environment for environment in found if environment and environment.task in wanted]


def require_boolean(environment: Environment, name: str, wanted: bool, *, required: bool = True) -> Iterator[str]:
    """What keeps the setting from being ``wanted`` for sure."""
    fix = f'write LABEL_STUDIO_{name}: "{str(wanted).lower()}"'
    variables = environment.setting(name)
    if not variables and required and not environment.may_have_more():
        yield f"{environment.label}: LABEL_STUDIO_{name} is not set; {fix} in {environment.place}"
    for variable in variables:
        if problem := boolean_problem(variable.value, wanted):
            yield f"{environment.label}: {variable.path} {problem}; {fix}"


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
        return f"comes from a {value.kind}, so it cannot be checked; it has to be written out"
    return None if isinstance(value, str) else "is no text, number or boolean"


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
    hidden = [
        path
        for path, value in walk(release.values)
        if path.rpartition(".")[2] in WRAPPER_VALUES and value not in ("", [])
    ]
    for path, values in paths:
        for key in ("extraEnvironmentVars", "extraEnvironmentSecrets"):
            if at(values, key) is UNKNOWN:
                hidden.append(f"{path}.{key}, unknown as a whole,")
        plain_values = mapping(at(values, "extraEnvironmentVars"))
        secrets = mapping(at(values, "extraEnvironmentSecrets"))
        variables += [_chart_variable(f"{path}.extraEnvironmentVars", *item) for item in plain_values.items()]
        variables += [_chart_secret(f"{path}.extraEnvironmentSecrets", *item) for item in secrets.items()]
    args, proxy = _args(release, "app"), _args(release, "app", "nginx")
    if release.get("app", "nginx", "args") is not None and task_of([], proxy, ends=False) is not Task.PROXY:
        hidden.append(f"{release.path('app', 'nginx', 'args')}, which do more than to start nginx,")
    place = release.path("global", "extraEnvironmentVars")
    return Environment(
        release.label,
        place,
        _expanded(variables),
        task_of([], args, ends=False),
        tuple(hidden),
        container=_container_of(release, args),
    )


def _args(release: Release, *path: str) -> list[str]:
    return [word if isinstance(word, str) else "$UNKNOWN" for word in items(release.get(*path, "args"))]


def _container_of(release: Release, args: list[str]) -> Container:
    """What the values say of the container: its arguments and mounts, without those of the chart."""
    volumes, mounts = ([*items(release.get("global", key)), *items(release.get("app", key))] for key in VALUE_MOUNTS)
    pod = Pod(Manifest("", "Release", {}, release.resource), {"volumes": volumes}, {})
    return Container("app", {"args": args, "volumeMounts": mounts}, False, pod)


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


def _of_container(container: Container) -> Environment | None:
    resource = container.pod.manifest.resource
    sourced, hidden, pending = _from_sources(container, resource)
    listed = container.body.get("env")
    if listed is UNKNOWN or UNKNOWN in items(listed):
        hidden.append("env, unknown as a whole,")
    own = [_container_variable(index, mapping(entry)) for index, entry in enumerate(items(listed))]
    variables = _expanded([*sourced, *own])
    if not is_label_studio(container, {variable.name for variable in variables}):
        return None
    task = task_of(container.command, container.args, ends=container.ends)
    is_patch = container.pod.manifest.is_patch
    if is_patch and not container.words:
        task = Task.PAGE
    return Environment(container.label, "env", variables, task, tuple(hidden), tuple(pending), is_patch, container)


def _from_sources(container: Container, resource: Resource) -> tuple[list[Variable], list[str], list[str]]:
    """Variables of ``envFrom``, sources that nobody can read, and sources that only the whole stack has."""
    variables: list[Variable] = []
    hidden: list[str] = []
    pending: list[str] = []
    for index, source in enumerate(items(container.body.get("envFrom"))):
        prefix = str(at(source, "prefix") or "")
        kind = "ConfigMap" if at(source, "configMapRef") is not None else "Secret"
        name = at(source, "configMapRef" if kind == "ConfigMap" else "secretRef", "name")
        path = f"envFrom[{index}] ({kind}/{name if isinstance(name, str) else 'unknown'})"
        found = resource.neighbours.find(kind, name) if resource.neighbours else None
        if resource.neighbours is None or found is UNKNOWN:
            pending.append(path)
        elif found is None:
            hidden.append(path)
        else:
            for key, value in mapping(found).items():
                inner = Reference("Secret", name, key) if kind == "Secret" else _scalar(value)
                variables.append(Variable(f"{prefix}{key}", inner, f"{path} {prefix}{key}"))
    return variables, hidden, pending


def _container_variable(index: int, entry: Mapping[str, Any]) -> Variable:
    name = entry.get("name")
    path = f"env {name}" if is_text(name) else f"env[{index}]"
    source = entry.get("valueFrom")
    if source is None:
        return Variable(str(name), _scalar(entry.get("value", "")), path)
    return Variable(str(name), source if source is UNKNOWN else _reference(mapping(source)), path)


def _reference(source: Mapping[str, Any]) -> Reference:
    for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"), ("fileKeyRef", "file")):
        if key in source:
            reference = mapping(source[key])
            return Reference(kind, reference.get("name"), reference.get("key"), bool(reference.get("optional")))
    return Reference("field")


def _expanded(variables: list[Variable]) -> tuple[Variable, ...]:
    known: dict[str, Any] = {}
    expanded = []
    for variable in variables:
        value = _with_expansions(variable.value, known)
        known[variable.name] = value
        expanded.append(Variable(variable.name, value, variable.path))
    return tuple(expanded)


def _with_expansions(value: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or "$" not in value:
        return value
    used = [known[name] for name in EXPANSION.findall(value) if name in known]
    if strange := next((each for each in used if not isinstance(each, str)), None):
        return strange
    return EXPANSION.sub(lambda match: "$" if match[0] == "$$" else str(known.get(match[1], match[0])), value)
