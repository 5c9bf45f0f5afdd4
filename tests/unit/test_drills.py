"""What drills say and count; they themselves run on a cluster: make drills."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drills.__main__ import DRILLS, main
from drills.load import Ledger
from drills.table import Row, table

PROJECT = Path(__file__).resolve().parents[2]


def test_the_table_in_the_documentation_has_every_drill() -> None:
    """If not: make drills."""
    text = (PROJECT / "docs" / "drills-table.md").read_text()
    assert re.search(r"^commit [0-9a-f]{7}\S*, \d{4}-\d{2}-\d{2}$", text, re.M)
    assert re.findall(r"^\| ([a-z-]+) \|", text, re.M) == list(DRILLS)


def test_the_page_on_drills_names_every_drill() -> None:
    text = (PROJECT / "docs" / "drills.md").read_text()
    assert [name for name in DRILLS if f"`{name}`" not in text] == []


def test_a_drill_that_is_not_there_is_refused_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page-pod,pages"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no drill pages; choose page-pod, ")


def test_a_gap_is_the_longest_time_without_an_answer() -> None:
    assert Ledger(answered=[4.0, 1.0, 1.5, 9.0]).gap() == 5.0
    assert Ledger().gap() == 0.0


def test_a_failed_drill_stands_out_in_the_table() -> None:
    row = Row("redis-pod", "no gap", "gap 9.0 s", 31.4, acknowledged=70, lost=2, passed=False)
    assert table([row]).splitlines()[-1] == "| redis-pod | no gap | **failed:** gap 9.0 s | 31 | 2 of 70 |"
