"""`make uninstall`: removes everything that `make up` made on this machine, once somebody has agreed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from local.cluster import lifecycle
from local.packages import CLUSTER
from local.paths import CACHE, PROJECT, STATE
from local.progress import step
from local.terminal import console

FOLDERS = {
    STATE: "the stack with all its data: projects, annotations, uploads, passwords, certificates",
    CACHE: "tools and images, which take most of an hour to build again",
    PROJECT / ".venv": "the Python packages",
}
"""What is removed, and what is in it. The last one holds the interpreter that removes the others."""


class NotAgreedError(RuntimeError):
    """Nobody agreed that data is deleted; nothing was changed."""


def uninstall(agreed: bool) -> None:
    """Stop the cluster and delete its data and caches; NotAgreedError unless somebody agrees."""
    sizes = {folder: _size(folder) for folder in FOLDERS if folder.exists()}
    console.print("This removes for good:")
    for folder, size in sizes.items():
        console.print(f"  {folder} ({size}): {FOLDERS[folder]}", markup=False)
    if not agreed:
        _ask()
    lifecycle.stop()
    for folder in sizes:
        if folder == STATE:
            lifecycle.delete()
        else:
            with step(f"Deleting {folder}"):
                folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
    console.print("Removed: " + ", ".join(f"{folder} ({size})" for folder, size in sizes.items()), markup=False)
    console.print(
        "Left, since other programs may use them: this folder, the Debian packages "
        f"{', '.join(sorted(set(CLUSTER.values())))}, Go's caches (`go clean -cache -modcache`), "
        "and Maven's (~/.m2) where the oldest Label Studio was built."
    )


def _ask() -> None:
    if not sys.stdin.isatty():
        raise NotAgreedError(
            "there is no terminal to ask for confirmation: write make uninstall YES=1 to delete all data"
        )
    try:
        answer = console.input("Type [bold]delete[/] to go on: ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer.strip() != "delete":
        raise NotAgreedError("nothing was removed")


def _size(folder: Path) -> str:
    """As `du` counts it; what running pods mount there is not part of it."""
    command = ["du", "--summarize", "--human-readable", "--one-file-system", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\t")[0] or "?"
