"""The `pulumi` of `make shell`: the real CLI, which acts on the stack file of the project.

Operations on the stack of this machine get the file that has port, address and salt as well (see local/engine.py), so
that none of them is written into the project's. `pulumi config` reads and writes the project's own file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local.engine import Engine, EngineError
from local.machine import engine
from local.paths import PROJECT

_OPERATIONS = {"up", "update", "preview", "pre", "refresh", "destroy", "down", "dn", "import"}
# Options of every command whose value is a word of its own.
_WITH_VALUE = {"-C", "--cwd", "-s", "--stack", "-v", "--verbose", "--color", "--tracing", "--profiling"}


def install(stack: Engine) -> Path:
    """Make the command, and give the folder for the PATH."""
    folder = stack.home / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    command = folder / "pulumi"
    command.write_text(f"""#!{sys.executable}
# The pulumi of `make shell`. Made by local/pulumi_command.py.
import sys
from pathlib import Path

sys.path[0] = {str(PROJECT)!r}
from local.pulumi_command import main

main(Path({str(stack.home)!r}), Path({str(stack.project)!r}), sys.argv[1:])
""")
    command.chmod(0o755)
    return folder


def main(home: Path, project: Path, arguments: Sequence[str]) -> None:
    """Become the CLI; an expected error is its message alone."""
    try:
        stack = engine(home, project)
        words = [str(stack.command), *completed(stack, arguments)]
    except EngineError as error:
        sys.exit(f"error: {error}")
    os.execve(words[0], words, dict(os.environ))  # noqa: S606 - the CLI itself


def completed(stack: Engine, arguments: Sequence[str]) -> list[str]:
    """What to give to the CLI: an operation on this machine's stack gets its stack file, unless it names another."""
    operation = _operation(arguments)
    if operation is None or any(each.split("=")[0] == "--config-file" for each in arguments):
        return [*arguments]
    if not _in_project(stack, _value(arguments, "-C", "--cwd") or "."):
        return [*arguments]
    meant = _value(arguments, "-s", "--stack") or _selected(stack)
    if meant.rpartition("/")[2] != stack.stack:
        return [*arguments]
    stack.write()
    place = arguments.index(operation) + 1
    return [*arguments[:place], "--config-file", str(stack.stack_file), *arguments[place:]]


def _operation(arguments: Sequence[str]) -> str | None:
    """The command, where it is one that reads a stack file to change what is deployed."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word if word in _OPERATIONS else None
    return None


def _value(arguments: Sequence[str], *names: str) -> str | None:
    """The value of an option, given as a word of its own or after an equals sign."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, given, value = word.partition("=")
        if name in names:
            return value if given else following
    return None


def _in_project(stack: Engine, folder: str) -> bool:
    """Whether the CLI, in this folder, finds the project of the stack."""
    here = Path(folder).resolve()
    found = next((each for each in (here, *here.parents) if (each / "Pulumi.yaml").exists()), None)
    return found == stack.project.resolve()


def _selected(stack: Engine) -> str:
    return stack.run("stack", "--show-name", capture=True, check=False).stdout.strip()
