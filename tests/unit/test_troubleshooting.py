"""Every error that the program raises has its line in docs/troubleshooting.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.stack_files import PROJECT

PAGE = (PROJECT / "docs" / "troubleshooting.md").read_text()
TABLES = [[part.strip(" `") for part in re.split(r"[…`]|<\w+>", line)] for line in PAGE.splitlines() if line[:1] == "|"]
TOLD = {part for line in TABLES for part in line if len(part) > 8}
FOLDERS = ("components", "composition", "projects")


def fixed_texts(message: ast.expr) -> list[str]:
    """The parts of a message that are the same each time."""
    match message:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return [text for part in parts for text in fixed_texts(part)]
        case ast.BoolOp(values=[*_, default]):
            return fixed_texts(default)
        case _:
            return []


def raised(path: Path) -> Iterator[str]:
    """The longest fixed text of each error that a module raises; one that only passes on another's has none."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            longest = max((text.strip(" :;,") for text in fixed_texts(node.exc.args[0])), key=len, default="")
            if len(longest) > 8:
                yield longest


def printed(path: Path) -> Iterator[str]:
    """The longest fixed text of each refusal of a script."""
    for line in path.read_text().splitlines():
        match = re.search(r'\b(?:refuse|fail) "(.+?)"', line)
        if match:
            yield max(re.split(r"\$\w+", match[1]), key=len).strip(" :;,")


def is_told(error: str) -> bool:
    """Whether the page has the error, or more than half of it."""
    return any(error in part or (part in error and 2 * len(part) > len(error)) for part in TOLD)


MODULES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py"))
SCRIPTS = sorted((PROJECT / "components").rglob("*.sh"))
ERRORS = sorted({error for path in MODULES for error in raised(path)} | {e for p in SCRIPTS for e in printed(p)})


@pytest.mark.parametrize("error", ERRORS)
def test_each_error_has_its_line(error: str) -> None:
    assert is_told(error), f"docs/troubleshooting.md does not tell of {error!r}"


def test_an_error_without_a_line_is_found() -> None:
    assert not is_told("the Secret of eternal life was lost in the sea")


def test_errors_are_found_in_modules_and_scripts() -> None:
    assert "Label Studio needs a volume or an S3 bucket for its uploads" in ERRORS
    assert any("does not let its administrator in" in error for error in ERRORS)
    assert len(ERRORS) > 30
