"""The table that drills print: what was expected, what was observed, and what was lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEADER = "| Drill | Expected | Observed | Seconds | Lost |\n| --- | --- | --- | --- | --- |"


@dataclass(frozen=True)
class Row:
    """One drill that ended."""

    drill: str
    expected: str
    observed: str
    seconds: float
    acknowledged: int
    lost: int
    passed: bool

    def __str__(self) -> str:
        observed = self.observed if self.passed else f"**failed:** {self.observed}"
        lost = f"{self.lost} of {self.acknowledged}"
        return f"| {self.drill} | {self.expected} | {observed} | {self.seconds:.0f} | {lost} |"


def table(rows: Iterable[Row]) -> str:
    """All rows in Markdown."""
    return "\n".join([HEADER, *map(str, rows)])
