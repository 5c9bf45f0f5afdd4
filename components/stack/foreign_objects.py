"""Objects that a stack needs and somebody else has, in a namespace that was there before: all of them, at once.

Pulumi's provider would name the first one after it has made others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi

from ..kubernetes.ownership import is_foreign
from .settings import Settings
from .volumes import Read

RELEASE = "label-studio"
HELM = "helm.sh/v3"
# What every chart makes of a release; helm itself names one of them only, after minutes.
OF_A_RELEASE = (("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "ServiceAccount"))
OF_THE_PAGE = "ls-app"


class Kinds:
    """Where the API has the objects of a kind in a namespace, by what its server says about itself."""

    def __init__(self, read: Read, namespace: str) -> None:
        self._read, self._namespace = read, namespace
        self._plurals: dict[str, Mapping[str, str]] = {}

    def path(self, version: str, kind: str) -> str | None:
        """The path of the list; None for a kind that the server does not know, which the program tells."""
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self._plurals:
            found = (self._read(root) or {}).get("resources", [])
            self._plurals[version] = {each["kind"]: each["name"] for each in found if "/" not in each["name"]}
        plural = self._plurals[version].get(kind)
        return f"{root}/namespaces/{self._namespace}/{plural}" if plural else None


class DeclaredNames:
    """The names of the objects that a program declares, by version and kind."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], set[str]] = defaultdict(set)

    def note(self, declared: pulumi.ResourceTransformationArgs) -> None:
        """Remember an object; one whose name only an update knows has a digest in it, which nobody else has."""
        package, _, of_kind = declared.type_.partition(":")
        version, _, kind = of_kind.partition(":")
        if package != "kubernetes" or kind == "Namespace":
            return
        props: Any = declared.props
        if version == HELM:
            for each in OF_A_RELEASE:
                self.found[each].add(f"{props['name']}-{OF_THE_PAGE}")
            return
        metadata = props.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        if isinstance(name, str):
            self.found[version.removeprefix("core/"), kind].add(name)


def record_names() -> DeclaredNames:
    """Remember every object that the program declares from here on."""
    names = DeclaredNames()
    note: Callable[[pulumi.ResourceTransformationArgs], None] = names.note
    pulumi.runtime.register_stack_transformation(note)
    return names


def foreign_problems(settings: Settings, names: DeclaredNames, read: Read) -> Iterator[str]:
    """A line for each name that somebody else's object has; one list is read for each kind."""
    namespace = settings.cluster.namespace
    kinds = Kinds(read, namespace)
    for (version, kind), wanted in sorted(names.found.items()):
        path = kinds.path(version, kind)
        for item in (read(path) or {}).get("items", []) if path else []:
            name = item["metadata"]["name"]
            if name in wanted and is_foreign(item, RELEASE):
                yield taken("cluster.namespace", kind, name, namespace)


def taken(setting: str, kind: str, name: str, namespace: str) -> str:
    """What is said of a name that somebody else's object has, at the setting that it follows from."""
    return (
        f"{setting}: {kind} {name} of the namespace {namespace} does not belong to this stack: rename or delete it, or "
        "write another cluster.namespace"
    )
