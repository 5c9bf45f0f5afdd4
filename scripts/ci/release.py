#!/usr/bin/env python3
"""Publishes what the changelog says is released: `scripts/ci/release.py OWNER/REPOSITORY COMMIT`.

A heading `## 1.2.3 - 2026-01-31` below `## Unreleased` is a release; its text becomes the notes, and `v1.2.3` the tag.
A release that is there already stays as it is, so this may run after each push. Needs nothing but Python and `gh`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HEADING = re.compile(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", re.M)
VERSION = re.compile(r'^version = "(.+)"$', re.M)


class ReleaseError(ValueError):
    """The changelog and the version of the package disagree; nothing was published."""


def newest(changelog: str, version: str) -> tuple[str, str] | None:
    """The newest version in a changelog and its notes, None where nothing was released yet. Raises ReleaseError."""
    found = HEADING.search(changelog)
    if not found:
        return None
    if found[1] != version:
        raise ReleaseError(f"CHANGELOG.md has {found[1]} as its newest release, and pyproject.toml version {version}")
    return found[1], re.split(r"^## ", changelog[found.end() :], maxsplit=1, flags=re.M)[0].strip()


def main(repository: str, commit: str) -> int:
    """Make the release unless it is there; 1 with one line where it cannot be made."""
    [version] = VERSION.findall((PROJECT / "pyproject.toml").read_text())
    try:
        release = newest((PROJECT / "CHANGELOG.md").read_text(), version)
    except ReleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if release is None:
        sys.stdout.write("Nothing is released yet.\n")
        return 0
    tag, gh = f"v{release[0]}", ["gh", "release", "--repo", repository]
    if subprocess.run([*gh, "view", tag], capture_output=True, check=False).returncode == 0:  # noqa: S603 - gh alone
        sys.stdout.write(f"{tag} is released already.\n")
        return 0
    command = [*gh, "create", tag, "--target", commit, "--title", tag, "--notes-file", "-"]
    return subprocess.run(command, input=release[1], text=True, check=False).returncode  # noqa: S603 - gh alone


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
