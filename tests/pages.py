"""The pages of the documentation, and the blocks of commands, settings and programs in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, its place among the page's blocks, its language and its text."""

    page: str
    number: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.page}-{self.number}"

    @property
    def needs(self) -> str | None:
        """What must be there that no test has, such as a cloud; its first line says so."""
        found = re.match(r"# Needs (.+)\.$", self.text.partition("\n")[0])
        return found and found[1]


def blocks(*languages: str, page: str | None = None) -> list[Block]:
    """The blocks in these languages, of one page or of all."""
    return [
        block for path in PAGES for block in _blocks(path) if block.language in languages and page in (None, block.page)
    ]


def _blocks(path: Path) -> Iterator[Block]:
    for number, (indent, language, text) in enumerate(_BLOCK.findall(path.read_text())):
        yield Block(path.stem, number, language, re.sub(f"^{indent}", "", text, flags=re.M))
