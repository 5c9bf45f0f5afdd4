"""Runs a Pulumi program without an engine and tells everything that it registered, options included.

registered = run_program(lambda: PostgreSQL("db", args))
server = registered.one("kubernetes:apps/v1:StatefulSet")
assert server.inputs["spec"]["replicas"] == 1 and server.protect
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class RegisteredResource:
    """One resource as the program registered it: plain inputs, where they are secret, and its options."""

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    secret_paths: frozenset[str]
    parent: str
    protect: bool
    retain_on_delete: bool
    provider: str
    dependencies: frozenset[str]
    additional_secret_outputs: frozenset[str]
    ignore_changes: frozenset[str]
    replacement_trigger: Any
    custom_timeouts: Mapping[str, str]
    custom: bool

    def is_secret(self, path: str) -> bool:
        """Whether the input at a dotted path (or something that contains it) is secret."""
        return any(path == secret or path.startswith(f"{secret}.") for secret in self.secret_paths)

    @property
    def object_name(self) -> str:
        """``metadata.name`` of a Kubernetes object."""
        return str(self.inputs["metadata"]["name"])


@dataclass(frozen=True)
class Program:
    """What a program registered, in order, and what it returned."""

    resources: Sequence[RegisteredResource]
    result: Any
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[RegisteredResource]:
        return iter(self.resources)

    def all(self, type_: str) -> list[RegisteredResource]:
        """Every resource of the type."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str | None = None) -> RegisteredResource:
        """The only resource of the type, or the one with the name among them."""
        found = [resource for resource in self.all(type_) if name in (None, resource.name)]
        assert len(found) == 1, f"{len(found)} resources {type_} {name or ''} among {[r.name for r in self.resources]}"
        return found[0]


class RecordingMonitor(mocks.MockMonitor):
    """A monitor that keeps what MockResourceArgs hides: options, and which inputs are secret."""

    def __init__(self, values: mocks.Mocks) -> None:
        super().__init__(values)
        self.registered: list[RegisteredResource] = []
        self.component_outputs: dict[str, Mapping[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name that the protocol gives it
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.registered.append(_recorded(request, response.urn))
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        outputs = json_format.MessageToDict(request.outputs)
        self.component_outputs[request.urn] = _without_signatures(outputs, "", set())
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class Provider(mocks.Mocks):
    """Answers as the real providers would: inputs come back, and passwords are made up, but repeat.

    ``overrides`` adds outputs by type, as in ``{"kubernetes:core/v1:Service": {"status": {...}}}``.
    """

    def __init__(self, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.overrides = overrides or {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = {**args.inputs, **self.overrides.get(args.typ, {})}
        if args.typ in {"random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString"}:
            digest = hashlib.sha256(args.name.encode()).hexdigest()
            outputs["result"] = f"made-up-{digest}"[: int(args.inputs["length"])]
        if args.typ == "kubernetes:core/v1:ConfigMap" and args.resource_id:
            outputs["data"] = {"ca.crt": "certificate of the cluster"}
        return args.resource_id or f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None


def run_program(
    program: Callable[[], Any],
    *,
    preview: bool = False,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    project: str = "label-studio",
    stack: str = "test",
) -> Program:
    """Runs the program to its end, and resolves what it returns if that is an Output."""
    _fresh_event_loop()
    monitor = RecordingMonitor(Provider(overrides))
    mocks.set_mocks(monitor.mocks, project=project, stack=stack, preview=preview, monitor=monitor)
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    results: list[Any] = []

    async def run() -> None:
        results.append(program())
        # The SDK waits for one output after the other and looks at all of them each time; it raises those that failed.
        while waiting := [output for output in SETTINGS.outputs if not output.done()]:
            await asyncio.wait(waiting)

    _sync_await(run_pulumi_func(run))
    result = results[0]
    if isinstance(result, pulumi.Output):
        result = _sync_await(result.future())
    return Program(resources=monitor.registered, result=result, outputs=monitor.component_outputs)


def resolve(value: Any) -> Any:
    """The value of an Output that a program returned as part of something else."""
    return _sync_await(pulumi.Output.from_input(value).future())


def _fresh_event_loop() -> None:
    loop = asyncio.new_event_loop()
    # Mocks have nothing to wait for: a second thread would only take turns with the first.
    loop.set_default_executor(ThreadPoolExecutor(1))
    # A program that fails raises from run_program; its other futures have nothing to add.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)


def _recorded(request: Any, urn: str) -> RegisteredResource:
    secret_paths: set[str] = set()
    inputs = _without_signatures(json_format.MessageToDict(request.object), "", secret_paths)
    timeouts = {kind: getattr(request.customTimeouts, kind) for kind in ("create", "update", "delete")}
    return RegisteredResource(
        type=request.type,
        name=request.name,
        urn=urn,
        inputs=inputs,
        secret_paths=frozenset(secret_paths),
        parent=request.parent,
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        provider=request.provider,
        dependencies=frozenset(request.dependencies),
        additional_secret_outputs=frozenset(request.additionalSecretOutputs),
        ignore_changes=frozenset(request.ignoreChanges),
        replacement_trigger=json_format.MessageToDict(request.replacement_trigger),
        custom_timeouts={kind: value for kind, value in timeouts.items() if value},
        custom=request.custom,
    )


def _without_signatures(value: Any, path: str, secret_paths: set[str]) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            secret_paths.add(path)
            return _without_signatures(value.get("value"), path, secret_paths)
        return {
            key: _without_signatures(member, f"{path}.{key}" if path else key, secret_paths)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_without_signatures(member, f"{path}.{index}", secret_paths) for index, member in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value == rpc.UNKNOWN:
        return None
    return value
