"""The dev stack on the machine's cluster: what `make up` shows at the end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from local import pulumi_command, recovery
from local.cluster.api import Api
from local.cluster.network import PAGE_PORT
from local.engine import Engine, EngineError, read
from local.paths import KUBECONFIG, STATE
from local.progress import step
from local.terminal import console
from local.tools.build import tool

_PAGE = "label-studio:labelStudio"
_MACHINE = {_PAGE: {"url": f"http://127.0.0.1:{PAGE_PORT}", "service": {"nodePort": PAGE_PORT}}}
_ABOUT = """# What is true of this machine only: where the page is reached, and the salt of the stack's secrets.
# `make up` lays Pulumi.dev.yaml over this file.
"""


def engine() -> Engine:
    """The engine of the dev stack."""
    stack = Engine(STATE / "stack", "dev", KUBECONFIG)
    return replace(stack, settings=_way_in(read(stack.project_file)["config"].get(_PAGE) or {}))


def _way_in(page: Mapping[str, Any]) -> dict[str, Any]:
    """What the stack file says of how the page is reached, where the machine's port and address do not fit to it."""
    service = page.get("service") or {}
    port = service.get("nodePort")
    if service.get("type") != "NodePort" or "ingress" in page:
        return {_PAGE: {"url": page.get("url"), "service": {**service, "nodePort": port}}}
    return {_PAGE: {"url": f"http://127.0.0.1:{port}"}} if port and "url" not in page else {}


def deployed() -> Engine:
    """The engine of the stack that `up` made on this machine; EngineError where there is none."""
    if not (STATE / "stack").exists():
        raise EngineError("there is no stack on this machine yet: run `make up` first")
    return engine()


def up() -> None:
    """Run the real ``pulumi up``, and say where the page is and who may log in."""
    stack = engine()
    with step("Deploying the dev stack"):
        stack.create()
        _describe_machine(stack)
        recovery.settle(stack, Api())
        stack.operate("up", *_policies(stack))
    outputs = stack.outputs()
    console.print(f"\nLabel Studio is ready{f': {url}' if (url := outputs.get('url')) else ''}")
    console.print(f"Log in as {outputs['administrator']}; `make password` shows the password.")


def preview(flags: Sequence[str] = ()) -> None:
    """Show what `up` would change, under the same policies."""
    stack = deployed()
    stack.operate("preview", *_policies(stack), *flags)


def _describe_machine(stack: Engine) -> None:
    """Write down where the page is reached, unless somebody already did."""
    machine = read(stack.machine_file)
    if _PAGE not in machine["config"]:
        described = {**machine, "config": {**_MACHINE, **machine["config"]}}
        stack.machine_file.write_text(_ABOUT + yaml.safe_dump(described))


def _policies(stack: Engine) -> tuple[str, ...]:
    # The pack brings Pulumi's SDK, whose import takes longer than most commands here.
    from policies.stacks import policy_flags  # noqa: PLC0415

    return policy_flags(stack.stack, read(stack.project_file)["config"])


def password() -> str:
    """The password of the first administrator."""
    outputs = deployed().outputs(show_secrets=True)
    if "administratorPassword" not in outputs:
        raise EngineError("the stack has no password yet: let `make up` finish first")
    return str(outputs["administratorPassword"])


def shell(arguments: Sequence[str] = ()) -> int:
    """Let a person use pulumi, kubectl and helm on the stack of this machine; the status that the shell ends with."""
    stack = deployed()
    stack.run("stack", "select", "--stack", stack.stack, capture=True)
    path = [pulumi_command.install(stack), *(tool(name).parent for name in ("kubectl", "helm"))]
    environment = {**stack.environment, "PATH": os.pathsep.join([*map(str, path), stack.environment["PATH"]])}
    command = [os.environ.get("SHELL", "bash"), *arguments]
    # Ctrl-C is for what runs in the shell, which gets it from the terminal.
    earlier = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, cwd=stack.project, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, earlier)
