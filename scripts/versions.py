"""Writes versions where other programs look for them: `python -m scripts.versions [--check]`, or `make reference`.

Each version is decided in one place; CONTRIBUTING.md lists the places. What Helm, Pulumi and GitHub Actions read is
made from there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from components.settings.images import NEWEST
from local.tools.build import required
from scripts.reference import PROJECT, write_or_check

PULUMI = "github.com/pulumi/pulumi/pkg/v3"


def cli() -> str:
    """The version of Pulumi's CLI, without a ``v``: that of the module which the embedded platform builds."""
    return required("pulumi", PULUMI).removeprefix("v")


# What is written in which files: the text around a version, and the version.
PLACES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "charts/label-studio/Chart.yaml": (r'(?m)^(appVersion: ")[^"]*(")', lambda: NEWEST),
    "Pulumi.yaml": (r'(?m)^(requiredPulumiVersion: ">=)[^"]*(")', cli),
    ".github/workflows/*.yml": (r"(pulumi-version: )[\d.]+()", cli),
}


def written() -> Iterator[tuple[Path, Callable[[], str]]]:
    """Each file with what it has to be."""
    for glob, (pattern, version) in PLACES.items():
        for path in sorted(PROJECT.glob(glob)):
            yield path, partial(_with_version, path, pattern, version())


def _with_version(path: Path, pattern: str, version: str) -> str:
    return re.sub(pattern, rf"\g<1>{version}\g<2>", path.read_text())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` only say (1) that one is stale."""
    return max(write_or_check(path, render, arguments) for path, render in written())


if __name__ == "__main__":
    sys.exit(main())
