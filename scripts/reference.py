"""A page of the documentation that is made from code: writing it, and telling whether it is fresh."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DOCS = PROJECT / "docs"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; pipes and line ends within cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write_or_check(path: Path, render: Callable[[], str], arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with ``--check`` only say (1) that it is stale."""
    parser = argparse.ArgumentParser(description=f"Make {path.relative_to(PROJECT)}.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is stale")
    text = render()
    if not parser.parse_args(arguments).check:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"error: {path.relative_to(PROJECT)} is stale; run make reference\n")
    return 1
