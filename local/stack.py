"""The dev stack on the machine's cluster: what `make up` shows at the end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from local import pulumi_command, recovery
from local.cluster.api import Api
from local.engine import Engine, EngineError, merge, read
from local.machine import HOME, MACHINE, describe, engine
from local.paths import CONTEXT, KUBECONFIG
from local.progress import step
from local.terminal import console
from local.tools.build import tool
from local.version import stand_ins

CLUSTER = "label-studio:cluster"


def deployed() -> Engine:
    """The engine of the stack that `up` made on this machine; EngineError where there is none."""
    if not HOME.exists():
        raise EngineError("there is no stack on this machine yet: run `make up` first")
    return engine()


def up(port: int | None = None) -> None:
    """Run the real ``pulumi up``, and say where the page is and who may log in; a ``port`` becomes the page's."""
    stack = engine()
    policies = _policies(stack)
    with step("Deploying the dev stack"):
        stack.create()
        is_first = describe(stack, port)
        recovery.settle(stack, Api())
        with _watched():
            stack.operate("up", *policies)
    outputs = stack.outputs()
    console.print(f"\nLabel Studio is ready{f': {url}' if (url := outputs.get('url')) else ''}")
    console.print(f"Log in as {outputs['administrator']}; `make password` shows the password.")
    if is_first and (names := stand_ins()):
        console.print(
            f"Not official, since these plugins cannot be downloaded here: {', '.join(names)} (local/plugins)."
        )


def config() -> dict[str, Any]:
    """The configuration of the dev stack, with what this machine adds."""
    own: dict[str, Any] = merge(MACHINE, read(engine().project_file)["config"])
    return own


def preview(flags: Sequence[str] = ()) -> None:
    """Show what `up` would change, under the same policies, once the API server has taken every object on trial."""
    stack = deployed()
    policies = _policies(stack)
    _ask_server(stack)
    stack.operate("preview", *policies, *flags)


def rotate(secret: str) -> str:
    """Raise the counter of a secret, which the next `up` replaces; EngineError where the stack has no such secret."""
    # They bring Pulumi's SDK, whose import takes longer than most commands here.
    from components.settings.errors import SettingsError  # noqa: PLC0415
    from scripts import rotate as counters  # noqa: PLC0415

    stack = deployed()
    known = merge(read(stack.machine_file)["config"], config())
    try:
        return counters.rotate(known, secret, stack.set_config)
    except (SettingsError, counters.UnknownSecretError) as error:
        raise EngineError(str(error)) from None


def _ask_server(stack: Engine) -> None:
    """EngineError where the API server refuses an object of the stack, which it is asked about on trial."""
    # They bring Pulumi's SDK, whose import takes longer than most commands here.
    from components.settings.errors import SettingsError  # noqa: PLC0415
    from scripts import server_check  # noqa: PLC0415

    try:
        server_check.report(stack.stack, merge(config(), {CLUSTER: {"kubeconfig": str(KUBECONFIG)}}))
    except SettingsError as error:
        raise EngineError(str(error)) from None


@contextmanager
def _watched() -> Iterator[None]:
    """Tell what the stack waits for, in a block that deploys it; what is wrong with its settings is the program's."""
    from components.settings.errors import SettingsError  # noqa: PLC0415
    from components.stack.settings import validate_stack  # noqa: PLC0415
    from scripts.waiting.watch import watched  # noqa: PLC0415

    try:
        cluster = validate_stack(merge(config(), {CLUSTER: {"kubeconfig": str(KUBECONFIG)}})).cluster
    except SettingsError:
        yield
        return
    with watched(cluster):
        yield


def _policies(stack: Engine) -> tuple[str, ...]:
    """What the CLI is given to run the policies; EngineError where the stack file is about another cluster."""
    config = read(stack.project_file)["config"]
    context = (config.get(CLUSTER) or {}).get("context", CONTEXT)
    if context != CONTEXT:
        raise EngineError(
            f"{stack.project_file.name} is about the context {context}, and that of this machine is {CONTEXT}: type "
            f"`make up CONTEXT={context} STACK={stack.stack}`, or write context: {CONTEXT} into the file"
        )
    # The pack brings Pulumi's SDK, whose import takes longer than most commands here.
    from policies.stacks import policy_flags  # noqa: PLC0415

    return policy_flags(stack.stack, config)


def password() -> str:
    """The password of the first administrator."""
    outputs = deployed().outputs(show_secrets=True)
    if "administratorPassword" not in outputs:
        raise EngineError("the stack has no password yet: let `make up` finish first")
    return str(outputs["administratorPassword"])


def address() -> str:
    """The address of the page, which answers; EngineError where there is none, or it does not."""
    url = deployed().outputs().get("url")
    if not url:
        raise EngineError(
            "the stack has no address: let `make up` finish first, or give labelStudio a service of type NodePort"
        )
    try:
        httpx.get(f"{url}/health", timeout=5, verify=False).raise_for_status()  # noqa: S501 - nothing is sent
    except httpx.HTTPError as error:
        raise EngineError(f"{url} does not answer ({type(error).__name__}): `make status` shows why") from None
    return str(url)


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
