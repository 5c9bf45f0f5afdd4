"""`make bench`: ratios on the stack that `make up` serves, each of two things measured in the same run.

.venv/bin/python -m bench [NAME...]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from bench import annotation_rate, database_connections, queue_workers, time_to_ready, uploads
from local.cluster.api import Api
from local.paths import PROJECT
from local.report import running_api

MEASUREMENTS: Mapping[str, Callable[[Api], Iterator[str]]] = {
    "annotation-rate": annotation_rate.measure,
    "database-connections": database_connections.measure,
    "queue-workers": queue_workers.measure,
    "time-to-ready": time_to_ready.measure,
    "uploads": uploads.measure,
}


def main(names: list[str]) -> int:
    """Print commit and date, then a line for each ratio; 2 for a name that is not known."""
    if unknown := set(names) - MEASUREMENTS.keys():
        sys.stderr.write(f"error: {min(unknown)} is none of {', '.join(MEASUREMENTS)}\n")
        return 2
    if (api := running_api()) is None:
        sys.stderr.write("error: nothing runs here to measure: make up starts it\n")
        return 1
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()
    print(f"commit {commit}, {datetime.now(UTC):%Y-%m-%d}", flush=True)
    for name in names or MEASUREMENTS:
        for line in MEASUREMENTS[name](api):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
