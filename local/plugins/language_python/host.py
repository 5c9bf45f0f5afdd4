"""The language host: what the engine asks of `pulumi-language-python`.

Programs run by Pulumi's own executor script, `pulumi-language-python-exec`, which lies beside this plugin's executable.
Not there: code generation (`pulumi convert`, `pulumi package add`, code of `pulumi import`), debugging, packing.
"""
# ruff: noqa: N802  (method names are the protocol's)

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from local.plugins.language_python import process
from local.plugins.language_python.environment import Environment
from local.plugins.language_python.policy_proxy import PolicyProxy
from local.plugins.server import PluginError, serve

# The program has told the user what is wrong (same number in the executor).
_SHOWN_TO_USER = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs and plugins for the engine at `engine`."""

    def __init__(self, executor: Path, engine: str, version: str) -> None:
        self._executor = executor
        self._engine = engine
        self._version = version
        self._running: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, _: Any) -> Any:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, *_: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def GetRequiredPackages(self, request: Any, _: Any) -> Any:
        packages = [
            plugin_pb2.PackageDependency(
                name=found["name"],
                version="v" + found["version"].removeprefix("v"),
                kind="resource",
                server=found.get("server", ""),
            )
            for found in Environment.of(request.info).plugin_files()
            if found.get("resource")
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetProgramDependencies(self, request: Any, _: Any) -> Any:
        found = Environment.of(request.info).distributions()
        dependencies = [language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        return language_pb2.GetProgramDependenciesResponse(dependencies=dependencies)

    def About(self, request: Any, _: Any) -> Any:
        environment = Environment.of(request.info)
        executable, version = environment.ask(
            "import json, platform, sys; print(json.dumps([sys.executable, platform.python_version()]))"
        )
        return language_pb2.AboutResponse(
            executable=executable, version=version, metadata={"toolchain": environment.toolchain, "stand-in": "true"}
        )

    def RuntimeOptionsPrompts(self, *_: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        environment = Environment.of(request.info)
        variables = environment.variables()
        variables["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        variables["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        command = [environment.python, "-u", str(self._executor), *self._arguments(request)]
        # Both streams are inherited: the engine shows what a language host writes after its port.
        running = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL)
        return self._result(self._wait(running, context))

    def _arguments(self, request: Any) -> list[str]:
        named = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": str(request.dryRun).lower(),
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        flags = [part for name, value in named.items() if value for part in (f"--{name}", value)]
        return [*flags, request.info.entry_point, *request.args]

    def _wait(self, running: subprocess.Popen[bytes], context: grpc.ServicerContext) -> int:
        self._running.add(running)
        context.add_callback(lambda: process.interrupt(running))
        try:
            return running.wait()
        finally:
            self._running.discard(running)

    @staticmethod
    def _result(status: int) -> Any:
        if status == _SHOWN_TO_USER:
            return language_pb2.RunResponse(bail=True)
        error = f"program exited with non-zero exit code: {status}" if status else ""
        return language_pb2.RunResponse(error=error)

    def InstallDependencies(self, request: Any, _: Any) -> Iterator[Any]:
        environment = Environment.of(request.info, plugin=request.is_plugin)
        folder = Path(request.info.program_directory)
        for command in environment.install_commands(folder):
            running = process.start(command, folder, dict(os.environ))
            for chunk in process.output(running):
                yield language_pb2.InstallDependenciesResponse(**{chunk.stream: chunk.data})
            if running.wait():
                raise PluginError(f"{' '.join(command)} failed with status {running.returncode}")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        pack = request.kind == "analyzer"
        yield from self._run_policy_pack(request, context) if pack else self._run_plugin(request, context)

    def _run_plugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        environment = Environment.of(request.info, plugin=True)
        command = [environment.python, request.info.program_directory, *request.args]
        running = process.start(command, Path(request.pwd), _variables(environment, request))
        context.add_callback(lambda: process.interrupt(running))
        yield from _responses(running)

    def _run_policy_pack(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """As the official host: the pack runs in its own folder, and the folder is its last argument."""
        environment = Environment.of(request.info)
        folder = Path(request.info.program_directory)
        command = [environment.python, "-u", "-m", "pulumi.policy", *request.args, str(folder)]
        proxy = PolicyProxy()
        context.add_callback(proxy.stop)
        yield language_pb2.RunPluginResponse(stdout=f"{proxy.port}\n".encode())
        variables = _variables(environment, request) | proxy.environment()
        running = process.start(command, folder, variables)
        context.add_callback(lambda: process.interrupt(running))
        yield from _pack_responses(running, proxy)

    def Cancel(self, *_: Any) -> Any:
        for running in list(self._running):
            process.interrupt(running)
        return empty_pb2.Empty()


def _variables(environment: Environment, request: Any) -> dict[str, str]:
    given = dict(entry.split("=", 1) for entry in request.env if "=" in entry)
    activated = environment.variables()
    return {**given, **{name: activated[name] for name in ("PATH", "VIRTUAL_ENV") if name in activated}}


def _response(chunk: process.Chunk) -> Any:
    answer = language_pb2.RunPluginResponse
    return answer(stdout=chunk.data) if chunk.stream == "stdout" else answer(stderr=chunk.data)


def _responses(running: subprocess.Popen[bytes]) -> Iterator[Any]:
    for chunk in process.output(running):
        yield _response(chunk)
    yield language_pb2.RunPluginResponse(exitcode=running.wait())


def _pack_responses(running: subprocess.Popen[bytes], proxy: PolicyProxy) -> Iterator[Any]:
    """The first line that a pack prints is its port: it is for the proxy, the rest for the engine."""
    head: bytes | None = b""
    for chunk in process.output(running):
        data = chunk.data
        if head is not None and chunk.stream == "stdout":
            line, newline, data = (head + data).partition(b"\n")
            if newline:
                proxy.attach(int(line))
                head = None
            else:
                head = line
        if data:
            yield _response(process.Chunk(chunk.stream, data))
    proxy.fail(f"it ended with status {running.wait()}")
    yield language_pb2.RunPluginResponse(exitcode=running.returncode)


def main(executor: Path, engine: str, version: str) -> None:
    """Serve until the engine ends."""
    host = LanguageHost(executor, engine, version)
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server))
