"""A child that ends in its own time when this process gets a signal to stop.

A terminal sends Ctrl-C to every process of the foreground group, and ``subprocess.run`` kills its child a quarter of a
second later. The Pulumi CLI needs longer to cancel: it waits for what it is doing, writes its state and releases its
lock. So it gets a process group of its own, and each signal that arrives here reaches it once: the first Ctrl-C
cancels, the second one ends it at once.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def attend(
    command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], capture: bool, standard_input: str
) -> tuple[subprocess.CompletedProcess[str], bool]:
    """Run a command to its end; what it did, and whether this process got a signal to stop in the meantime."""
    # Where this process is killed outright, the child gets the signal of Ctrl-C.
    prefix = ("setpriv", "--pdeathsig", "INT") if shutil.which("setpriv", path=env.get("PATH")) else ()
    with (
        subprocess.Popen(
            [*prefix, *command],
            cwd=cwd,
            env=env,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.STDOUT if capture else None,
            process_group=0,
        ) as process,
        _forwarding(process) as received,
    ):
        printed, _ = process.communicate(standard_input)
    return subprocess.CompletedProcess(command, process.returncode, printed), bool(received)


@contextmanager
def _forwarding(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """Pass signals on; gives the list of those that came. Python lets only its main thread do that."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def forward(number: int, _: FrameType | None) -> None:
        received.append(number)
        process.send_signal(signal.SIGINT)

    earlier = {number: signal.signal(number, forward) for number in _STOPS}
    try:
        yield received
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
