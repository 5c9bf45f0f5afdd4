"""Which configuration of the policies holds for a stack: `python -m policies.stacks <stack>` prints its file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from .checks.dry_run import PROJECT
from .checks.values import at
from .pack import FOLDER, config_file


class StackFileError(RuntimeError):
    """A stack file that is missing or that nobody can read."""


def stack_config(stack: str) -> Mapping[str, Any]:
    """The configuration in a stack file of this project. Raises StackFileError."""
    file = PROJECT / f"Pulumi.{stack}.yaml"
    try:
        content = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        raise StackFileError(f"there is no {file}") from None
    except (OSError, UnicodeError, yaml.YAMLError):
        raise StackFileError(f"{file} cannot be read as YAML") from None
    if not isinstance(config := at(content, "config"), dict):
        raise StackFileError(f"{file} has no mapping config; write the settings of the stack below it")
    return config


def policy_environment(stack: str, config: Mapping[str, Any]) -> str:
    """The stack itself where the policies are configured for it, or else what the stack is for."""
    if config_file(stack).exists():
        return stack
    return str(at(config, "label-studio:cluster", "environment") or "prod")


def policy_flags(stack: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """What the CLI is given so that an operation on a stack runs under the policies."""
    file = config_file(policy_environment(stack, config))
    return "--policy-pack", str(FOLDER), "--policy-pack-config", str(file)


def main(arguments: list[str] | None = None) -> int:
    """Print the file; 1 where the stack has none."""
    parser = argparse.ArgumentParser(prog="policies.stacks", description="Name the policies' configuration of a stack.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    given = parser.parse_args(arguments)
    try:
        environment = policy_environment(given.stack, stack_config(given.stack))
    except StackFileError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{config_file(environment).relative_to(PROJECT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
