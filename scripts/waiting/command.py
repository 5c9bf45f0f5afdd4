"""A child whose end is waited for, whatever signal asks this process to stop."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType


def run(command: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Run a command to its end; its status.

    A terminal sends Ctrl-C to the CLI as well, which cancels what it does. Elsewhere, as in a pipeline, a signal
    reaches this process alone, and the CLI gets that of Ctrl-C.
    """
    on_terminal = sys.stdin.isatty()
    with subprocess.Popen(command, cwd=folder, env=environment, process_group=None if on_terminal else 0) as process:  # noqa: S603 - the CLI itself

        def forward(number: int, _: FrameType | None) -> None:
            if not on_terminal or number != signal.SIGINT:
                process.send_signal(signal.SIGINT)

        earlier = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return process.wait()
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
