"""The dev stack on the machine's cluster: what `make up` shows at the end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from local.engine import Engine, EngineError
from local.paths import KUBECONFIG, STATE
from local.progress import console, step
from local.tools.build import tool

URL = "http://127.0.0.1:30080"


def engine() -> Engine:
    """The engine, told the address that the page has on this machine."""
    return Engine(STATE / "stack", "dev", KUBECONFIG, settings={"label-studio:labelStudio": {"url": URL}})


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
        stack.operate("up")
    outputs = stack.outputs()
    console.print(f"\nLabel Studio is ready: {outputs['url']}")
    console.print(f"Log in as {outputs['administrator']}; `make password` shows the password.")


def password() -> str:
    """The password of the first administrator."""
    outputs = deployed().outputs(show_secrets=True)
    if "administratorPassword" not in outputs:
        raise EngineError("the stack has no password yet: let `make up` finish first")
    return str(outputs["administratorPassword"])


def shell(arguments: Sequence[str] = ()) -> int:
    """Let a person use pulumi, kubectl and helm on the stack of this machine; the status that the shell ends with."""
    stack = deployed()
    path = [str(tool(name).parent) for name in ("kubectl", "helm")]
    environment = {**stack.environment, "PATH": os.pathsep.join([*path, stack.environment["PATH"]])}
    command = [os.environ.get("SHELL", "bash"), *arguments]
    return subprocess.run(command, cwd=stack.folder, env=environment, check=False).returncode
