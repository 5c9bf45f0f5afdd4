"""Circuit breakers: after a few calls that timed out, callers of a silent service get an error at once.

After a few timeouts in a row a service counts as away for all processes of the container, and calls fail at once. A
service that refuses connections costs no time and is called each time. Whether it is back, a thread asks for people
(``background_probes``); among jobs of the queue, which have time, one call every few seconds does.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import fcntl
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

FOLDER = Path(tempfile.gettempdir()) / "circuit-breakers"
# Seconds from a timeout to the next probe, and seconds that a probe may take.
PAUSE_SECONDS, PROBE_SECONDS = 2.0, 15.0
# A call that failed sooner than this did not time out.
SHORT_SECONDS = 0.5
# Seconds after the last timeout for which a service that is not called is reported as away: more than a call takes.
KNOWN_SECONDS = 90.0


class AwayError(Exception):
    """A service that is not asked now; the text is for people."""


@dataclass(frozen=True)
class State:
    """Timeouts in a row, the time (of the clock) of the last one, and the time from which the next call is allowed."""

    missed: int
    last: float
    until: float


@dataclass(frozen=True)
class Breaker:
    """``service`` is for people, ``address`` tells several of them apart; so many timeouts in a row open it."""

    service: str
    address: str = ""
    limit: int = 3

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call of a job: AwayError where the service is not asked; errors of the block count if it took its time."""
        if not self.admits():
            raise AwayError(self.reason)
        began = time.monotonic()
        try:
            yield
        except Exception:
            if time.monotonic() - began >= SHORT_SECONDS:
                self.missed()
            else:
                self.answered()
            raise
        self.answered()

    @property
    def reason(self) -> str:
        """What people read."""
        return f"The {self.service} does not answer. It is asked again every few seconds; try again in a minute."

    def admits(self) -> bool:
        """Whether the caller may ask now; where the service is away, one caller at a time may."""
        state = self._read()
        if state is None or state.missed < self.limit:
            return True
        if time.time() < state.until:
            return False
        with _alone():
            state = self._read()
            if state is None:
                return True
            if time.time() < state.until:
                return False
            self._write(State(state.missed, state.last, time.time() + PROBE_SECONDS))
            return True

    def is_open(self) -> bool:
        """Whether the service was silent, and has not answered since."""
        state = self._read()
        return state is not None and state.missed >= self.limit

    def missed(self) -> None:
        """Take note of a timeout."""
        with _alone():
            before = self._read()
            self._miss((before.missed if before else 0) + 1)

    def open(self) -> None:
        """Take note of a silence that leaves no doubt."""
        with _alone():
            self._miss(self.limit)

    def renew(self) -> bool:
        """Take note of one more timeout, unless it has answered another caller meanwhile; whether it is away still."""
        with _alone():
            if is_open := self.is_open():
                self._miss(self.limit)
            return is_open

    def answered(self) -> None:
        """Take note of an answer, whatever it was."""
        self._file.unlink(missing_ok=True)

    @property
    def lock(self) -> Path:
        """A file for whoever asks alone whether the service is back."""
        return FOLDER / "probes" / self._file.name

    @property
    def _file(self) -> Path:
        return FOLDER / "@".join(quote(str(part), safe=" ()") for part in (self.service, self.address, self.limit))

    def _miss(self, missed: int) -> None:
        now = time.time()
        self._write(State(missed, now, now + PAUSE_SECONDS))

    def _read(self) -> State | None:
        return _state(self._file)

    def _write(self, state: State) -> None:
        # One at a time writes, and no reader takes this name for that of a service.
        new = FOLDER / "new"
        new.write_text(json.dumps([state.missed, state.last, state.until]))
        new.replace(self._file)


def away() -> list[str]:
    """The services that count as away in this container, without their addresses."""
    found = set()
    for file in FOLDER.glob("*@*@*"):
        service, _, limit = file.name.split("@")
        state = _state(file)
        if limit.isdecimal() and state and state.missed >= int(limit) and time.time() - state.last < KNOWN_SECONDS:
            found.add(unquote(service))
    return sorted(found)


def _state(file: Path) -> State | None:
    try:
        return State(*json.loads(file.read_text()))
    except FileNotFoundError:
        return None


@contextmanager
def _alone() -> Iterator[None]:
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
