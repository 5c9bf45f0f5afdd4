"""`make drills`: hurt a stack under load, and say what it did and what it lost.

.venv/bin/python -m drills [NAME[,NAME]...] [--table FILE]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from drills import hangs, operators, pods, queue, releases, rotations, services, targets
from drills.drill import Drill, Observation, Subject
from drills.load import Ledger, load, lost_annotations, lost_uploads
from drills.stack import STACKS, Drilled, drilled
from drills.table import Row, keep, table
from local.cluster.api import Timeout
from local.paths import KUBECONFIG, PROJECT
from local.report import running_api

DRILLS: dict[str, Drill] = {
    **pods.DRILLS,
    **services.DRILLS,
    **queue.DRILLS,
    **hangs.DRILLS,
    **targets.DRILLS,
    **rotations.DRILLS,
    **releases.DRILLS,
    **operators.DRILLS,
}
# Several drills by one name.
GROUPS = {
    "hangs": list(hangs.DRILLS),
    "rotations": list(rotations.DRILLS),
    "releases": [*releases.DRILLS, *operators.DRILLS],
}
TABLE = PROJECT / "docs" / "drills-table.md"
# Seconds of load before and after a fault.
CALM_SECONDS = 5.0
# Seconds after the last drill until the bucket must have every annotation.
TARGET_SECONDS = 600.0


def main(arguments: list[str]) -> int:
    """0 if all was as expected and nothing was lost, else 1; 2 for a drill that is not known."""
    parser = argparse.ArgumentParser(prog="drills")
    parser.add_argument("names", nargs="*", help="names, separated by commas or blanks; all where there is none")
    parser.add_argument("--table", type=Path, default=TABLE, help="page that keeps the newest row of each drill")
    given = parser.parse_args(arguments)
    chosen = [name for each in given.names for name in each.split(",") if name] or list(DRILLS)
    names = [drill for name in chosen for drill in GROUPS.get(name, [name])]
    if unknown := set(names) - DRILLS.keys():
        sys.stderr.write(f"error: there is no drill {min(unknown)}; choose {', '.join(DRILLS)}\n")
        return 2
    if running_api() is None:
        sys.stderr.write("error: nothing runs here to drill: make up starts it\n")
        return 1
    os.environ["KUBECONFIG"] = str(KUBECONFIG)
    rows = []
    for each in STACKS:
        if some := [name for name in names if DRILLS[name].stack == each]:
            with drilled(each) as stack:
                for batch in batches(some):
                    rows += run(stack, batch, given.table)
    print(f"\n{table(rows)}", flush=True)
    return 0 if all(row.passed and not row.lost for row in rows) else 1


def batches(names: Iterable[str]) -> Iterator[list[str]]:
    """Drills whose annotations are looked for together; one that runs alone is a batch of its own."""
    batch: list[str] = []
    for name in names:
        if DRILLS[name].alone:
            yield from filter(None, [batch, [name]])
            batch = []
        else:
            batch.append(name)
    if batch:
        yield batch


def run(stack: Drilled, names: list[str], file: Path) -> list[Row]:
    """Each drill in turn; then whatever has not reached the target's bucket is lost as well."""
    rows, ledgers = [], []
    for name in names:
        row, ledger = once(stack, name, DRILLS[name])
        print(row, flush=True)
        rows.append(row)
        ledgers.append(ledger)
    missing = stack.not_in_target({each for ledger in ledgers for each in ledger.annotations}, TARGET_SECONDS)
    rows = [_with_target(row, ledger.annotations & missing) for row, ledger in zip(rows, ledgers, strict=True)]
    keep(file, rows, {name: drill.expected for name, drill in DRILLS.items()})
    return rows


def once(stack: Drilled, name: str, drill: Drill) -> tuple[Row, Ledger]:
    """One drill, and what was acknowledged during it."""
    began = time.monotonic()
    drill.prepare(stack.subject)
    with nullcontext(Ledger()) if drill.alone else load(stack.subject.target) as ledger:
        time.sleep(CALM_SECONDS)
        judge = _judge(drill, stack.subject)
        time.sleep(CALM_SECONDS)
    observation = judge(ledger)
    stack.subject.page.await_ready()
    lost = lost_annotations(stack.subject.target, stack.project, ledger)
    lost |= lost_uploads(stack.subject.target, ledger)
    acknowledged = len(ledger.annotations) + len(ledger.uploads)
    seconds = time.monotonic() - began
    told, passed = observation.text, observation.passed
    row = Row(name, _commit_and_date(), drill.expected, told, seconds, acknowledged, len(lost), passed)
    return row, ledger


def _judge(drill: Drill, subject: Subject) -> Callable[[Ledger], Observation]:
    """What the drill says in the end; one that breaks off has failed, and the next one begins all the same."""
    try:
        return drill.hurt(subject)
    except (Timeout, httpx.HTTPError, AssertionError) as error:
        broken = Observation(f"broke off: {type(error).__name__}: {error}", passed=False)
        return lambda _: broken


def _commit_and_date() -> str:
    git = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    # A copy without its history has no commit.
    commit = subprocess.run(git, cwd=PROJECT, capture_output=True, text=True, check=False).stdout.strip()
    return f"{commit or 'no commit'}, {datetime.now(UTC):%Y-%m-%d}"


def _with_target(row: Row, missing: set[int]) -> Row:
    if not missing:
        return row
    told = f"{row.observed}; {len(missing)} annotations never reached the target's bucket"
    return replace(row, observed=told, lost=row.lost + len(missing), passed=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
