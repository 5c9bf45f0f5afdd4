"""Child processes whose output the engine reads chunk by chunk."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Chunk:
    """Some bytes of one of the two streams."""

    stream: str
    data: bytes


def start(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process with both streams piped."""
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def output(process: subprocess.Popen[bytes]) -> Iterator[Chunk]:
    """What the process writes, in the order it comes, until both streams end."""
    chunks: queue.Queue[Chunk | None] = queue.Queue()
    pipes = (("stdout", process.stdout), ("stderr", process.stderr))
    for name, pipe in pipes:
        threading.Thread(target=_pump, args=(name, pipe, chunks), daemon=True).start()
    open_pipes = len(pipes)
    while open_pipes:
        chunk = chunks.get()
        if chunk is None:
            open_pipes -= 1
        else:
            yield chunk


def _pump(name: str, pipe: IO[bytes] | None, chunks: queue.Queue[Chunk | None]) -> None:
    if pipe is not None:
        # A whole line may be long in coming: take what is there.
        while data := pipe.read1(65536):  # type: ignore[attr-defined]
            chunks.put(Chunk(name, data))
    chunks.put(None)


def interrupt(process: subprocess.Popen[bytes], grace: float = 5) -> None:
    """Ask the process to end, and kill it when it has not after `grace` seconds."""
    if process.poll() is not None:
        return
    # Not SIGINT: Python would print a traceback of the interrupt into the middle of the engine's own message.
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
