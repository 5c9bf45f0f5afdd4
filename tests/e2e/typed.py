"""Commands of the documentation, typed as a person would type them beside a stack of the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.engine import Engine
from local.tools.build import tool

SECONDS = 600


def environment(engine: Engine) -> dict[str, str]:
    """That of a person who has pulumi and kubectl for this stack."""
    return {**engine.environment, "PATH": os.pathsep.join([str(tool("kubectl").parent), engine.environment["PATH"]])}


def type_commands(text: str, folder: Path, environment: Mapping[str, str], namespace: str) -> str:
    """Run commands in a shell, in the namespace of the stack; AssertionError with what they printed where one fails."""
    script = text.replace("--namespace label-studio ", f"--namespace {namespace} ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        input="a secret",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-5000:]}"
    return done.stdout
