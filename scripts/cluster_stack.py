"""Deploys a stack to a cluster that is there already: `python -m scripts.cluster_stack up <stack> [--context <name>]`.

It is plain `pulumi up`, `preview` or `destroy`, with the CLI and the backend of whoever calls it, under the policies. A
stack without a file gets that of the dev stack, for the given context; a file that is there is never changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from getpass import getpass
from pathlib import Path
from typing import Any

import yaml

from components.settings.errors import SettingsError
from components.stack.settings import validate_stack
from policies.stacks import policy_flags
from scripts import remaining_volumes
from scripts.waiting.command import run

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = "dev"
CLUSTER = "label-studio:cluster"
# The key of a stack file whose secrets a passphrase encrypts.
SALT = "encryptionsalt"
QUESTION: list[str] = []


class StackError(ValueError):
    """The stack cannot be deployed as it was asked for; the message says what to write instead."""


def stack_file(stack: str, folder: Path = PROJECT) -> Path:
    """Where the settings of a stack are."""
    return folder / f"Pulumi.{stack}.yaml"


def settings(stack: str, context: str | None, folder: Path = PROJECT) -> Mapping[str, Any]:
    """The configuration of a stack, whose file is made if need be; StackError where it is another cluster's."""
    file = stack_file(stack, folder)
    if not file.exists():
        if context is None:
            raise StackError(f"there is no {file}; with CONTEXT=name it is made for the cluster of that context")
        _make(file, context, folder)
    config = _config(file)
    named = (config.get(CLUSTER) or {}).get("context")
    if context is not None and named != context:
        raise StackError(
            f"{file.name} is about the context {named}, not {context}: add STACK=name for a stack of its own, or "
            f"write context: {context} into the file"
        )
    return config


def _config(file: Path) -> dict[str, Any]:
    try:
        config = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
        return {CLUSTER: {}, **config}
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise StackError(f"{file.name} is no stack file: {error}") from None


def _make(file: Path, context: str, folder: Path) -> None:
    config = dict(_without_secrets(_config(stack_file(TEMPLATE, folder))))
    config[CLUSTER] = {**config[CLUSTER], "context": context}
    about = (
        "# yaml-language-server: $schema=docs/stack-file.schema.json\n"
        f"# The stack in the cluster of the context {context}; made from Pulumi.{TEMPLATE}.yaml, and yours to change.\n"
    )
    file.write_text(about + yaml.safe_dump({"config": config}, sort_keys=False))
    sys.stdout.write(f"{file.name} was made from Pulumi.{TEMPLATE}.yaml: change it as you like\n")


def _without_secrets(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Leave out encrypted values: no other stack can decrypt them."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            if set(value) != {"secure"}:
                yield key, dict(_without_secrets(value))
        else:
            yield key, value


def commands(operation: str, stack: str, config: Mapping[str, Any], agreed: bool) -> list[list[str]]:
    """What is typed to preview or deploy a stack under its policies; a deployment is told what it waits for.

    The lines about that would be lost in what the CLI redraws on a terminal, so it does not redraw, and the question
    whether to deploy, which it asks on a terminal only, is asked here.
    """
    if operation == "destroy":
        return [["pulumi", "destroy", "--stack", stack, *(["--yes"] if agreed else [])]]
    under = ["--stack", stack, *policy_flags(stack, config)]
    preview = ["pulumi", "preview", *under]
    # Whoever has agreed has not seen a preview, so the CLI makes one, which the policies can stop.
    seen = [] if agreed else ["--skip-preview"]
    deploy = ["pulumi", "up", "--yes", "--non-interactive", *seen, *under]
    ask = [sys.executable, "-m", "scripts.server_check", stack]
    select = ["pulumi", "stack", "select", "--create", "--stack", stack]
    if operation == "preview":
        return [ask, select, preview]
    watched = [sys.executable, "-m", "scripts.waiting", stack, "--", *deploy]
    return [ask, select, watched] if agreed else [ask, select, preview, QUESTION, watched]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them; the status of the first that fails, or 1 with one line where nothing can be run."""
    parser = argparse.ArgumentParser(prog="scripts.cluster_stack", description="Deploy to a cluster that is there.")
    parser.add_argument("operation", choices=("up", "preview", "destroy"))
    parser.add_argument("stack")
    parser.add_argument("--context", help="the context of the kubeconfig that the stack is for")
    parser.add_argument("--yes", action="store_true", help="do not ask before changing anything")
    given = parser.parse_args(arguments)
    agreed = given.yes or os.environ.get("PULUMI_SKIP_CONFIRMATIONS") in ("true", "1")
    try:
        if not shutil.which("pulumi"):
            raise StackError("the pulumi command is not installed: see https://www.pulumi.com/docs/install/")
        if given.operation != "preview" and not agreed and not sys.stdin.isatty():
            raise StackError("there is no terminal to ask for confirmation: add YES=1 to go on without a question")
        # What was never deployed gets no file by being destroyed.
        is_new = given.operation == "destroy" and not stack_file(given.stack).exists()
        config = settings(given.stack, None if is_new else given.context or None)
    except StackError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for command in commands(given.operation, given.stack, config, agreed):
        if command is QUESTION:
            if input("Deploy these changes? [y/N] ").strip().lower() not in ("y", "yes"):
                return 1
        elif status := run(command, PROJECT, _environment(given.stack)):
            return status
    if given.operation == "destroy":
        _tell_of_volumes(config)
    return 0


def _tell_of_volumes(config: Mapping[str, Any]) -> None:
    """Print what a StorageClass kept of a stack that was destroyed."""
    try:
        lines = [*remaining_volumes.report(validate_stack(config).cluster)]
    except SettingsError:
        lines = []
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _environment(stack: str) -> dict[str, str]:
    """What the CLI needs; a passphrase that it would ask for is asked for here, once for all commands."""
    known = {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys()
    file = stack_file(stack)
    if not known and sys.stdin.isatty() and file.exists() and SALT in (yaml.safe_load(file.read_text()) or {}):
        os.environ["PULUMI_CONFIG_PASSPHRASE"] = getpass(f"Passphrase of the stack {stack}: ")
    return dict(os.environ)


if __name__ == "__main__":
    sys.exit(main())
