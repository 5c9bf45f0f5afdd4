"""Long-running processes that outlive the command that started them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.cluster.errors import ClusterError
from local.paths import LOGS, RUN

PROCESSES = RUN / "processes"
_TICK = 0.05


class StartError(RuntimeError):
    """A process ended soon after its start; the message ends with what it logged last."""


@dataclass(frozen=True)
class Running:
    """What is known of a process: ``started`` in clock ticks since boot, as in proc_pid_stat(5).

    ``started`` is None for one that ended before it could be asked.
    """

    pid: int
    started: int | None
    fingerprint: str

    @property
    def alive(self) -> bool:
        return self.started is not None and start_time(self.pid) == self.started


@dataclass(frozen=True)
class Process:
    """One program of the cluster. ``files`` are read by it once, at its start: if they change, it must start again."""

    name: str
    command: Sequence[str]
    files: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    @property
    def running(self) -> Running | None:
        """The process, if it lives. Its start time tells it from another one that got the same id later."""
        try:
            record = Running(**json.loads(self._record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return record if record.alive else None

    def start(self) -> None:
        """Start it, unless it runs with the same command and files."""
        running = self.running
        if running and running.fingerprint == self._fingerprint:
            return
        if running:
            self.stop()
        LOGS.mkdir(parents=True, exist_ok=True)
        PROCESSES.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                cwd="/",
                start_new_session=True,
            )
        record = {"pid": started.pid, "started": start_time(started.pid), "fingerprint": self._fingerprint}
        partial = self._record.with_suffix(".partial")
        partial.write_text(json.dumps(record))
        partial.rename(self._record)

    def check(self) -> None:
        """Fail, with its last words, if it does not live."""
        if not self.running:
            raise StartError(f"{self.name} ended; the end of {self.log}:\n{last_lines(self.log, 15)}")

    def stop(self, grace: float = 20.0) -> None:
        """Ask it to end; end it after ``grace`` seconds."""
        running = self.running
        if running:
            end([running.pid], grace)
        self._record.unlink(missing_ok=True)

    @property
    def _record(self) -> Path:
        return PROCESSES / f"{self.name}.json"

    @property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(json.dumps([list(self.command), dict(self.environment)]).encode())
        for path in self.files:
            digest.update(path.read_bytes())
        return digest.hexdigest()


def start_time(pid: int) -> int | None:
    """When a process started (field 22 of proc_pid_stat(5)), or None if there is none or only its zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if after_name[0] in "ZX" else int(after_name[19])


def end(pids: Sequence[int], grace: float) -> None:
    """SIGTERM, then SIGKILL after ``grace`` seconds; returns when all are gone."""
    known = {pid: start_time(pid) for pid in pids}
    for chosen, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        deadline = time.monotonic() + seconds
        alive = [pid for pid, started in known.items() if started is not None and start_time(pid) == started]
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, chosen)
        while alive and time.monotonic() < deadline:
            time.sleep(_TICK)
            alive = [pid for pid in alive if start_time(pid) == known[pid]]
        if not alive:
            return
    raise ClusterError(f"still alive after SIGKILL: {alive}; only a restart of the machine frees what the kernel holds")


def last_lines(path: Path, count: int) -> str:
    """The end of a log, or a word that it is empty."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - count * 1000))
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-count:]) or "(empty)"
    except FileNotFoundError:
        return "(no log)"
