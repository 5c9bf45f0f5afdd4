"""Asks the cluster whether it would take every object of a stack: `python -m scripts.server_check STACK`.

It is a server-side dry run of what the program and its chart would apply, with the credentials of the stack's context.
What the server refuses is told at the setting that it comes from, as is every object that is there already and not this
stack's; the status is 1 then. Where no server answers, the namespace is not there yet, or the credentials may not
write, nobody can be asked: the output says so, and the status is 0.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.kubernetes.ownership import is_foreign
from components.settings.errors import SettingsError, dotted
from components.stack.api_server import ApiServer, ClusterError, connected
from components.stack.foreign_objects import RELEASE, Kinds, taken
from components.stack.namespace_owners import namespace_problems
from components.stack.settings import PROJECT, Settings, validate_stack
from components.stack.volumes import volume_problems
from policies.checks.dry_run import resources_of
from policies.checks.render import rendered
from policies.checks.resources import KUBERNETES_TYPE, WITHOUT_MANIFESTS, Resource
from policies.checks.values import UNKNOWN, at
from policies.stacks import StackFileError, stack_config

Path = tuple[str | int, ...]
MANAGER = "label-studio-check"
# What stands for a value that only an update knows, such as a password or the digest in a name.
UNKNOWN_TEXT = "unknown"
# The component that a resource is part of, as its URN has it, and the key of a stack file that it follows from.
SECTIONS = {
    "label-studio:postgresql:": "postgresql",
    "label-studio:redis:": "redis",
    "label-studio:object_store:": "objectStore",
    "label-studio:annotation_project:": "projects",
    "label-studio:label_studio:": "labelStudio",
    "label-studio:namespace:": "cluster",
}


@dataclass
class Answers:
    """What the server said: refusals, and whether it said of any object that these credentials may not write it."""

    refusals: list[str] = field(default_factory=list)
    is_forbidden: bool = False


def check(server: ApiServer, namespace: str, config: Mapping[str, Any], resources: Sequence[Resource]) -> Answers:
    """Ask for each object of the namespace, existing ones included."""
    answers = Answers()
    for resource, item, path in _placed(server, namespace, resources, _object):
        answer = server.request(
            "PATCH",
            path,
            params={"dryRun": "All", "fieldManager": MANAGER, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            data=json.dumps(item),
        )
        if answer.status_code in {403, 405} and not _is_refusal(answer.json()):
            answers.is_forbidden = True
        elif not answer.ok:
            answers.refusals += _lines(answer.json(), item, _section(resource), config)
    return answers


def foreign_objects(server: ApiServer, namespace: str, resources: Sequence[Resource]) -> Iterator[str]:
    """A line for each object of the stack whose name somebody else's has, Secrets included."""
    for resource, item, path in _placed(server, namespace, resources, _identity):
        found = server.read(path)
        if found and is_foreign(found, RELEASE):
            yield taken(_section(resource), item["kind"], item["metadata"]["name"], namespace)


def _placed(
    server: ApiServer,
    namespace: str,
    resources: Sequence[Resource],
    read: Callable[[Resource], dict[str, Any] | None],
) -> Iterator[tuple[Resource, dict[str, Any], str]]:
    """Each resource of the program, an object of the namespace that it applies, and where the API has that."""
    kinds = Kinds(server.read, namespace)
    for resource in resources:
        for item in map(read, [resource, *rendered(resource)]):
            if item and item["kind"] != "Namespace" and (path := kinds.path(item["apiVersion"], item["kind"])):
                yield resource, item, f"{path}/{item['metadata']['name']}"


def _is_refusal(status: Mapping[str, Any]) -> bool:
    """Whether 403 is about the object (quota, admission), and not about who asks."""
    return "cannot patch resource" not in status.get("message", "")


def _identity(resource: Resource) -> dict[str, Any] | None:
    """Version, kind and name of an object of the namespace; None where only an update knows its name."""
    match = KUBERNETES_TYPE.fullmatch(resource.type)
    name = at(resource.props, "metadata", "name")
    if not match or WITHOUT_MANIFESTS.fullmatch(resource.type) or name is UNKNOWN:
        return None
    return {"apiVersion": _version(match), "kind": match["kind"], "metadata": {"name": name}}


def _object(resource: Resource) -> dict[str, Any] | None:
    match = KUBERNETES_TYPE.fullmatch(resource.type)
    # A Secret whose values only an update knows would be refused for what it lacks.
    if not match or WITHOUT_MANIFESTS.fullmatch(resource.type) or resource.props.get("stringData") is UNKNOWN:
        return None
    return {**_known(resource.props), "apiVersion": _version(match), "kind": match["kind"]}


def _version(match: re.Match[str]) -> str:
    group = match["group"] or "core"
    return match["version"] if group == "core" else f"{group}/{match['version']}"


def _known(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {key: _known(inner) for key, inner in value.items()}
    return [_known(inner) for inner in value] if isinstance(value, list) else value


def _section(resource: Resource) -> str:
    """The part of a stack file that a resource follows from: the innermost component that has one."""
    names = [name for component, name in SECTIONS.items() if component in resource.urn]
    return names[-1] if names else "cluster"


def _lines(
    status: Mapping[str, Any], item: Mapping[str, Any], section: str, config: Mapping[str, Any]
) -> Iterator[str]:
    """A line for each cause, at the settings whose value the server refuses, or else at the part that makes it."""
    label = f"{item['kind']} {item['metadata']['name']}"
    causes = (status.get("details") or {}).get("causes") or [{"field": "", "message": status.get("message", "")}]
    for cause in causes:
        place, message = cause.get("field", ""), cause.get("message", "").partition("\n")[0]
        found = [*_settings_with(_at(item, place), config.get(f"{PROJECT}:{section}"), (section,))]
        where = " or ".join(dotted(path) for path in found) or section
        yield f"{where}: the cluster refuses {f'{place} of ' if place else ''}{label}: {message}"


def _at(item: Any, place: str) -> Any:
    """The value at a path as the server writes it, such as ``spec.containers[0].resources.limits[cpu]``."""
    for step in place.replace("[", ".").replace("]", "").split("."):
        if isinstance(item, Mapping) and step in item:
            item = item[step]
        elif isinstance(item, list) and step.isdecimal() and int(step) < len(item):
            item = item[int(step)]
        else:
            return None
    return item


def _settings_with(value: Any, given: Any, path: Path) -> Iterator[Path]:
    """The settings of a part that have the value."""
    if isinstance(given, Mapping):
        for key, inner in given.items():
            yield from _settings_with(value, inner, (*path, key))
    elif isinstance(given, list):
        for index, inner in enumerate(given):
            yield from _settings_with(value, inner, (*path, index))
    elif isinstance(value, str | int) and str(given) == str(value):
        yield path


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, and print what the server refuses."""
    parser = argparse.ArgumentParser(prog="scripts.server_check", description="Ask the cluster about a stack.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    given = parser.parse_args(arguments)
    try:
        report(given.stack, stack_config(given.stack))
    except (StackFileError, SettingsError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def report(stack: str, config: Mapping[str, Any]) -> None:
    """Ask, and print what could not be asked; SettingsError has what the server refuses."""
    settings = validate_stack(config)
    try:
        with connected(settings.cluster) as server:
            _ask(server, settings, config, stack)
    except ClusterError as error:
        sys.stdout.write(f"The server was not asked: {error}\n")


def _ask(server: ApiServer | None, settings: Settings, config: Mapping[str, Any], stack: str) -> None:
    namespace = settings.cluster.namespace
    if server is None or server.read(f"/api/v1/namespaces/{namespace}") is None:
        sys.stdout.write(
            f"There is no namespace {namespace} yet: the settings were checked, the server was not asked.\n"
        )
        return
    identity = f"{PROJECT}/{stack.rpartition('/')[2]}"
    resources = resources_of(stack, config)
    if problems := [
        *namespace_problems(settings, server.read, identity),
        *volume_problems(settings, server.read),
        *foreign_objects(server, namespace, resources),
    ]:
        raise SettingsError(problems)
    answers = check(server, namespace, config, resources)
    if answers.refusals:
        raise SettingsError(dict.fromkeys(answers.refusals))
    if answers.is_forbidden:
        sys.stdout.write("These credentials may not write: the server was not asked about every object.\n")


if __name__ == "__main__":
    sys.exit(main())
