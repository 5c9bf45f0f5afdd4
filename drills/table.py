"""The table that drills print and keep: what was expected, what was observed, and what was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TITLE = "# Drills: the newest run of each"
HEADER = "| Drill | Expected | Observed | Seconds | Lost | Commit and date |\n| --- | --- | --- | --- | --- | --- |"
NEVER = "has not run yet"
FOOTER = "[What each drill does](drills.md)"


@dataclass(frozen=True)
class Row:
    """One drill that ended; ``run`` is the commit and the date."""

    drill: str
    run: str
    expected: str
    observed: str
    seconds: float
    acknowledged: int
    lost: int
    passed: bool

    def __str__(self) -> str:
        observed = self.observed if self.passed else f"**failed:** {self.observed}"
        lost = f"{self.lost} of {self.acknowledged}"
        cells = (self.drill, self.expected, observed, f"{self.seconds:.0f}", lost, self.run)
        # What a server answered may have a line or a column of its own.
        return f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in cells)} |"


def table(rows: Iterable[Row | str]) -> str:
    """All rows in Markdown."""
    return "\n".join([HEADER, *map(str, rows)])


def keep(file: Path, rows: Iterable[Row], expected: Mapping[str, str]) -> None:
    """Write the rows into a page in the place of earlier ones; drills that did not run keep theirs, if they have any.

    ``expected`` has what is expected of each drill, in the order of the table.
    """
    lines = file.read_text().splitlines() if file.exists() else []
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line.startswith("| ")}
    known = {name: f"| {name} | {text} | {NEVER} | - | - | - |" for name, text in expected.items()}
    known |= {name: line for name, line in kept.items() if name in expected}
    known |= {row.drill: str(row) for row in rows}
    file.write_text("\n\n".join([TITLE, table(known.values()), FOOTER]) + "\n")
