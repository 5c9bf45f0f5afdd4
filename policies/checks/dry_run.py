"""The resources that a program registers for a stack file, without an engine, a cluster or plugins.

The program itself runs, with the configuration of the stack file, against the mocks of the Pulumi SDK. Whatever a
provider or an operator would make up is unknown, as in a preview.
"""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.config import set_all_config
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from .resources import Provider, Resource
from .values import plain

PLACEHOLDER = "placeholder"
# What tells the program that its preview has no cluster to ask.
WITHOUT_CLUSTER = "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"
PROJECT = Path(__file__).resolve().parent.parent.parent


def resources_of(stack: str, config: Mapping[str, Any], program: Path = PROJECT) -> list[Resource]:
    """Every resource of the stack, its options included.

    ``config`` is the key ``config`` of a stack file; the program's own errors are raised as they are.
    """
    project = yaml.safe_load((program / "Pulumi.yaml").read_text())
    monitor = _Recorder()
    mocks.set_mocks(_Echo(), project=project["name"], stack=stack, preview=True, monitor=monitor)
    secrets = [key for key, value in config.items() if "secure" in _keys(value)]
    set_all_config({**_defaults(project), **{key: _text(value) for key, value in config.items()}}, secrets)
    folder, environment = Path.cwd(), dict(os.environ)
    os.chdir(program)
    os.environ[WITHOUT_CLUSTER] = "true"
    try:
        pulumi.runtime.test(lambda: _run(program / "__main__.py"))()  # type: ignore[no-untyped-call]
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
    return monitor.resources_with_providers()


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _defaults(project: Mapping[str, Any]) -> dict[str, str]:
    schema = project.get("config", {})
    return {f"{project['name']}:{key}": _text(value["default"]) for key, value in schema.items() if "default" in value}


def _text(value: Any) -> str:
    # As the engine hands configuration to programs: texts as they are, everything else as JSON.
    shown = _without_secrets(value)
    return shown if isinstance(shown, str) else json.dumps(shown)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            return PLACEHOLDER
        return {key: _without_secrets(inner) for key, inner in value.items()}
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value


def _keys(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set(value).union(*(_keys(inner) for inner in value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


class _Echo(mocks.Mocks):
    """Resources turn out as they were asked for; nothing more is known of them."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return f"{args.name}-id", args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise pulumi.RunError(f"{args.token} asks a provider, which a run without a cluster cannot answer")


class _Recorder(mocks.MockMonitor):
    """Keeps what mocks do not see: options and providers."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self._registered: list[tuple[Resource, str]] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        given = deserialize_properties(json_format.MessageToDict(request.object))
        props = plain(unknown_checking_proxy(given))
        resource = Resource(request.type, request.name, props, response.urn, request.protect)
        self._registered.append((resource, request.provider.rpartition("::")[0]))
        return response

    def resources_with_providers(self) -> list[Resource]:
        """What was registered, in order, each resource with its provider."""
        providers = {resource.urn: Provider(resource.name, resource.props) for resource, _ in self._registered}
        return [
            Resource(given.type, given.name, given.props, given.urn, given.protect, providers.get(provider))
            for given, provider in self._registered
            if given.type != "pulumi:pulumi:Stack"
        ]
