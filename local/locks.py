"""What an update of the CLI that was killed leaves behind on this machine: its lock, and plugins that go on working.

A lock is a file of the backend that says which process of which host made it, and when. It is taken away only where
that process is known to be gone; otherwise somebody may be changing the stack at this moment.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local.cluster.process import end, start_time
from local.engine import Engine, EngineError
from local.progress import note

PATIENCE = 60
"""Seconds for an update to end that is being cancelled when the next one begins."""
_GRACE = 5.0
# The kernel tells when it booted in whole seconds, and a process makes its lock some time after its own start.
_CLOCK = 2
_ADDRESS = re.compile(r"\b127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Lock:
    """Who may be changing a stack."""

    file: Path
    process: int
    owner: str
    since: datetime

    @property
    def is_ours(self) -> bool:
        """Whether it was made on this host."""
        return self.owner.rpartition("@")[2] == socket.gethostname()

    @property
    def is_held(self) -> bool:
        """Whether the very process that made it still runs; a later one may have got its number."""
        began = _began(self.process)
        return began is not None and began <= self.since.timestamp() + _CLOCK


def locks(engine: Engine) -> list[Lock]:
    """All locks of a stack; EngineError where one cannot be read."""
    folder = engine.state / ".pulumi" / "locks" / "organization" / engine.project_name / engine.stack
    return [_read(file) for file in sorted(folder.glob("*.json"))]


def _read(file: Path) -> Lock:
    try:
        found = json.loads(file.read_text())
        since = datetime.fromisoformat(found["timestamp"])
        return Lock(file, int(found["pid"]), f"{found['username']}@{found['hostname']}", since)
    except (ValueError, LookupError, TypeError):
        raise EngineError(f"the lock {file} cannot be read: delete it if no update of the stack runs") from None


def release(engine: Engine, patience: float = PATIENCE) -> None:
    """Take away the locks of updates that were killed; EngineError that names one of another host or a live process."""
    deadline = time.monotonic() + patience
    while held := [lock for lock in locks(engine) if not _removed(lock)]:
        lock = held[0]
        since = lock.since.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        if not lock.is_ours:
            raise EngineError(
                f"{lock.owner} (process {lock.process} there) has locked the stack since {since}: let that update "
                f"end; if it does not run any more, delete {lock.file}"
            )
        if time.monotonic() > deadline:
            raise EngineError(
                f"an update of the stack runs, process {lock.process} of {lock.owner} since {since}: let it end, or "
                f"cancel it with `kill -INT {lock.process}`"
            )
        time.sleep(0.5)


def _removed(lock: Lock) -> bool:
    if not lock.is_ours or lock.is_held:
        return False
    lock.file.unlink(missing_ok=True)
    note(f"An update was killed (process {lock.process}); its lock is taken away")
    return True


def end_orphans(engine: Engine) -> None:
    """End plugins of this stack whose engine is gone: they would go on installing what nobody waits for."""
    end([process for process in _speaking_of(engine.backend) if not _has_engine(process)], _GRACE)


def _speaking_of(backend: str) -> Iterator[int]:
    """Processes whose environment has this backend."""
    wanted = f"PULUMI_BACKEND_URL={backend}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and int(folder.name) != os.getpid():
            yield int(folder.name)


def _has_engine(process: int) -> bool:
    """Whether somebody listens where a plugin was told, on its command line, that its engine is; true of others."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    except OSError:
        return True
    ports = [int(port) for port in _ADDRESS.findall(words)]
    return not ports or any(_listens(port) for port in ports)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _began(process: int) -> float | None:
    """When a process started, in seconds since 1970; None if it does not run."""
    ticks = start_time(process)
    booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    return None if ticks is None else int(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
