"""The pages on troubleshooting have every error that the program raises, and no error that it does not raise.

Source is read as text: a message counts where it is the first argument of an error, and each piece of a quote has to
be in the product somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scripts.settings_reference import all_grammars
from tests.unit.stack_files import PROJECT

PAGES = [PROJECT / "docs" / name for name in ("troubleshooting.md", "troubleshooting-settings.md")]
FOLDERS = ("components", "charts", "cli", "local", "policies", "scripts", "bench", "drills")
VARYING = "…"
# Only a mistake in the program itself raises the first three: nobody who runs it can cause or fix them.
RAISED = re.compile(r"(?<!Key)(?<!Type)(?<!Assertion)(?:Error|stderr\.write)\(\s*f?\"((?:[^\"\\]|\\.)+)\"")
QUOTED = re.compile(r"(`+)(.+?)\1(?!`)")
# A message with fewer words passes on that of something else, or is a name.
WORDS = 3


def source() -> dict[str, str]:
    """The text of each file of the product, with literals that follow one another as one."""
    files = [path for folder in FOLDERS for path in (PROJECT / folder).rglob("*") if path.is_file()]
    suffixes = {".py", ".sh", ".mk", ".tpl", ".yaml", ".conf"}
    chosen = [path for path in files if path.suffix in suffixes]
    more = [*PROJECT.glob("*.mk"), PROJECT / "Makefile", PROJECT / "__main__.py"]
    joined = re.compile(r"\"\s*\n\s*f?\"|\[/?(?:red)?\]")
    return {str(path.relative_to(PROJECT)): joined.sub("", path.read_text()) for path in [*chosen, *more]}


def pieces(text: str) -> list[str]:
    """What is the same in a message each time; fields of Python and variables of shells vary."""
    fixed = re.sub(r"\{[^{}]*\}|\$\{[^}]*\}|\$\([^)]*\)|\$\w+|%s", VARYING, text.replace('\\"', '"'))
    return [piece for each in fixed.removeprefix("error: ").split(VARYING) if (piece := " ".join(each.split()))]


def quotes() -> Iterator[str]:
    """The code in the columns that are called "Error"; other tables quote other programs."""
    column = None
    for line in "\n".join(page.read_text() for page in PAGES).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if not line.startswith("|"):
            column = None
        elif "Error" in cells:
            column = cells.index("Error")
        elif column is not None:
            yield from (code for _, code in QUOTED.findall(cells[column]))


SOURCE = source()
# What grammars say is composed of their rules.
REFUSALS = [grammar.refusal for grammar in all_grammars()]
WRITTEN = " ".join(" ".join([*SOURCE.values(), *REFUSALS]).split())
QUOTES = list(quotes())
MESSAGES = sorted(
    {
        (file, text)
        for file, content in SOURCE.items()
        for text in RAISED.findall(content)
        if len(re.findall(r"[A-Za-z]{2,}", " ".join(pieces(text)))) >= WORDS
    }
)


def is_quoted(message: str) -> bool:
    """Whether a row has enough of the message to know it by, in its order."""
    text = VARYING.join(pieces(message))
    enough = min(len(text) / 3, 25)
    wanted = [parts for quote in QUOTES if sum(map(len, parts := pieces(quote))) >= enough]
    return any(re.search(".*".join(map(re.escape, parts)), text) for parts in wanted)


@pytest.mark.parametrize(("file", "message"), MESSAGES)
def test_each_error_has_its_row(file: str, message: str) -> None:
    assert is_quoted(message), f"no row of docs/troubleshooting*.md quotes the error of {file}: {message}"


@pytest.mark.parametrize("quote", QUOTES)
def test_each_row_has_its_error(quote: str) -> None:
    missing = [piece for piece in pieces(quote) if len(piece) > 3 and piece.replace("\\|", "|") not in WRITTEN]
    assert not missing, f"nothing says {missing}"


def test_a_new_error_without_a_row_is_found() -> None:
    assert not is_quoted("{value} was lost in the sea")
