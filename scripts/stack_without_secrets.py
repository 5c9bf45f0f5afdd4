"""Makes a stack again from its stack file: `python -m scripts.stack_without_secrets <stack> <folder>`.

Whoever lacks the key of a stack cannot decrypt what its stack file holds, and Pulumi then previews nothing. Here the
stack gets the same settings in a folder of its own, with a word encrypted again in the place of each secret.
PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE say where the stack is made, and with which key.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
PLACEHOLDER = "placeholder"
ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")


def take_secrets(node: Any, path: str = "") -> Iterator[str]:
    """Put a word in the place of each encrypted value, and give its path as `pulumi config set --path` takes it."""
    for key, value in list(node.items() if isinstance(node, Mapping) else enumerate(node)):
        # Keys such as label-studio:secrets begin a path as they are; those below may have dots in them.
        inner = f'{path}["{key}"]' if isinstance(key, str) and path else f"{path}[{key}]" if path else key
        if isinstance(value, Mapping) and set(value) == {"secure"}:
            node[key] = PLACEHOLDER
            yield inner
        elif isinstance(value, dict | list):
            yield from take_secrets(value, inner)


def make(stack: str, folder: Path) -> None:
    """Make the stack in ``folder``; RuntimeError with what Pulumi printed where it refuses."""
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
    file = f"Pulumi.{stack}.yaml"
    settings = yaml.safe_load((PROJECT / file).read_text())
    secrets = list(take_secrets(settings["config"]))
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({key: project[key] for key in ("name", "runtime")}))
    kept = {key: value for key, value in settings.items() if key not in ENCRYPTION}
    (folder / file).write_text(yaml.safe_dump(kept))
    _pulumi(folder, "stack", "init", stack)
    for path in secrets:
        _pulumi(folder, "config", "set", "--stack", stack, "--secret", "--path", path)


def _pulumi(folder: Path, *arguments: str) -> None:
    command = ["pulumi", *arguments, "--non-interactive"]
    done = subprocess.run(  # noqa: S603 - the CLI itself, with the names of a stack and its settings
        command, cwd=folder, input=PLACEHOLDER, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"pulumi {' '.join(arguments)} failed:\n{done.stderr.strip()}")


def main(arguments: list[str] | None = None) -> int:
    """Make the stack; 1 with one line where that is impossible."""
    parser = argparse.ArgumentParser(prog="scripts.stack_without_secrets", description="Make a stack without its key.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    parser.add_argument("folder", type=Path, help="an existing folder for its settings")
    given = parser.parse_args(arguments)
    try:
        make(given.stack, given.folder)
    except FileNotFoundError as error:
        sys.stderr.write(f"error: there is no {error.filename}\n")
        return 1
    except RuntimeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
