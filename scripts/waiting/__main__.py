"""Runs a command on a stack and tells meanwhile what it waits for: `python -m scripts.waiting STACK -- command …`.

Without a command it tells what the stack waits for now, and which services do not answer its page; the status is 1 if
that is anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from components.settings.errors import SettingsError
from components.stack.api_server import ClusterError
from components.stack.settings import validate_stack
from policies.stacks import StackFileError, stack_config

from .command import run
from .watch import current, watched


def main(arguments: Sequence[str] | None = None) -> int:
    """The status of the command, or 1 where the stack waits."""
    parser = argparse.ArgumentParser(prog="scripts.waiting", description="Tell what a stack waits for.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    parser.add_argument("command", nargs="*", help="a command to run meanwhile, after --")
    given = parser.parse_args(arguments)
    try:
        cluster = validate_stack(stack_config(given.stack)).cluster
        if given.command:
            with watched(cluster):
                return run(given.command)
        lines = current(cluster)
    except (StackFileError, SettingsError, ClusterError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if not lines:
        sys.stdout.write(f"Nothing in the namespace {cluster.namespace} waits for anything.\n")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
