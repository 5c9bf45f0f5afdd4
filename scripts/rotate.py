"""Raises one counter of ``rotate`` in a stack file: `python -m scripts.rotate <secret> <stack>`.

The Pulumi CLI writes the file, so comments and order stay as they are. A secret that the stack does not make itself is
refused before anything is written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.settings.errors import SettingsError
from components.settings.rotation import Rotation
from components.stack.settings import PROJECT, validate_stack

from . import cluster_stack

KEY = f"{PROJECT}:rotate"
OF_PROJECTS = "projectKeys"


class UnknownSecretError(ValueError):
    """Somebody named a secret that no stack has."""


def raised(config: Mapping[str, Any], secret: str) -> tuple[str, int]:
    """The path of a secret's counter for ``pulumi config set --path``, and its next value.

    UnknownSecretError for another name, SettingsError where the stack of this ``config`` cannot rotate the secret.
    """
    counters = [str(field.alias) for field in Rotation.model_fields.values() if field.alias != OF_PROJECTS]
    kind, dot, project = secret.partition(".")
    if secret not in counters and not (kind == OF_PROJECTS and dot and project):
        names = ", ".join([*counters, f"{OF_PROJECTS}.<project>"])
        raise UnknownSecretError(f"there is no secret {secret!r}; choose one of {names}")
    rotate = dict(config.get(KEY) or {})
    if project:
        of_projects = dict(rotate.get(OF_PROJECTS) or {})
        number = of_projects[project] = int(of_projects.get(project, 1)) + 1
        rotate[OF_PROJECTS] = of_projects
    else:
        number = rotate[secret] = int(rotate.get(secret, 1)) + 1
    validate_stack({**config, KEY: rotate})
    return f"{KEY}.{secret}", number


def rotate(config: Mapping[str, Any], secret: str, write: Callable[[str, str], object]) -> str:
    """Let ``write`` keep the next value under its path; says what was done."""
    path, number = raised(config, secret)
    write(path, str(number))
    return f"{path} is {number} now"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the stack file; 1 with one line where it cannot be."""
    parser = argparse.ArgumentParser(prog="scripts.rotate", description="Raise the counter of a secret.")
    parser.add_argument("secret")
    parser.add_argument("stack")
    given = parser.parse_args(arguments)

    def write(path: str, value: str) -> None:
        command = ["pulumi", "config", "set", "--stack", given.stack, "--path", path, value]
        subprocess.run(command, cwd=cluster_stack.PROJECT, check=True)  # noqa: S603 - the CLI itself

    try:
        said = rotate(cluster_stack.settings(given.stack, None), given.secret, write)
    except (SettingsError, UnknownSecretError, cluster_stack.StackError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"error: pulumi did not write the stack file: {error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
