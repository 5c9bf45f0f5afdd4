"""`make doctor`: what is missing to serve Label Studio from here, and what to type.

It runs on any Python, before a package is installed, and changes nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from local import preconditions
from local.paths import PROJECT

_PYTHON = (3, 11)
_INSTALLED = PROJECT / ".venv" / ".installed"
_PACKAGES = PROJECT / "requirements-dev.txt"


def here() -> list[str]:
    """What is missing for `make up` on this machine."""
    return [*_python(), *preconditions.problems()]


def cluster(stack: str, context: str) -> list[str]:
    """What is missing for `make up` on a cluster that is there already."""
    return [*_python(), *_command_line(), *_context(stack, context)]


def _python() -> Iterator[str]:
    if sys.version_info < _PYTHON:
        found, wanted = (".".join(map(str, version)) for version in (sys.version_info[:2], _PYTHON))
        yield f"Python {found} is too old: install {wanted} or newer and type `make install PYTHON=python{wanted}`"
    elif _INSTALLED.exists() and _INSTALLED.read_bytes() == _PACKAGES.read_bytes():
        return
    elif importlib.util.find_spec("ensurepip") is None:
        yield "Python cannot make virtual environments: type `apt-get install python3-venv`, then `make install`"
    else:
        yield "the Python packages are not installed, or not the newest: type `make install`"


def _command_line() -> Iterator[str]:
    if not shutil.which("pulumi"):
        yield "the pulumi command is not installed: see https://www.pulumi.com/docs/install/"
    elif _fails("pulumi", "whoami", "--non-interactive"):
        yield "not logged in to a backend: type `pulumi login`, or `pulumi login --local` to try it out"


def _context(stack: str, context: str) -> Iterator[str]:
    """A cluster is named by the stack file, and that one is made for a context."""
    file = PROJECT / f"Pulumi.{stack}.yaml"
    if not context and not file.exists():
        yield f"there is no {file.name}: type `make up CONTEXT=name` for the cluster of a context of your kubeconfig"
    known = {name for each in _kubeconfigs() if each.is_file() for name in _names(each)}
    if context and context not in known:
        listed = ", ".join(sorted(known)) or "no context at all"
        yield f"the kubeconfig has no context {context}, but {listed}: write another CONTEXT, or set KUBECONFIG"
    elif context and shutil.which("kubectl") and _fails("kubectl", "--context", context, "get", "--raw", "/readyz"):
        yield f"the cluster of the context {context} does not answer: type `kubectl --context {context} cluster-info`"


def _kubeconfigs() -> list[Path]:
    given = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return [Path(each) for each in given.split(os.pathsep) if each]


def _names(kubeconfig: Path) -> Iterator[str]:
    """The names in a kubeconfig, those of its contexts among them; no parser of YAML comes with Python."""
    for found in re.finditer(r"""(?m)^[\s-]*["']?name["']?:\s*["']?([^"',\s]+)""", kubeconfig.read_text()):
        yield found[1]


def _fails(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=15, check=False).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is missing; 1 if anything is."""
    parser = argparse.ArgumentParser(prog="local.doctor", description="Say what is missing and what to type.")
    parser.add_argument("--stack", default="")
    parser.add_argument("--context", default="")
    given = parser.parse_args(arguments)
    found = cluster(given.stack, given.context) if given.stack else here()
    for line in found:
        print(f"✗ {line}")
    if not found:
        print(f"✓ Nothing is missing: `make up{f' CONTEXT={given.context}' if given.context else ''}` can begin.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
