"""What a person sees while the platform works: one line as a step begins, one as it ends, with its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_began = time.monotonic()


@contextmanager
def step(title: str, quiet_below: float = 0.0) -> Iterator[None]:
    """Tell that ``title`` begins, and how it ended; steps of several threads may overlap, so each line is whole.

    A step that took less than ``quiet_below`` seconds is only told when it fails: there was nothing to do.
    """
    started = time.monotonic()
    if not quiet_below:
        _print(f"[dim]{_clock()}[/]   {title} ...")
    try:
        yield
    except BaseException:
        _print(f"[dim]{_clock()}[/] [red]✗[/] {title} [dim]({_seconds(started)})[/]")
        raise
    if time.monotonic() - started >= quiet_below:
        _print(f"[dim]{_clock()}[/] [green]✓[/] {title} [dim]({_seconds(started)})[/]")


def note(text: str) -> None:
    """One line that belongs to no step."""
    _print(f"[dim]{_clock()}[/]   {text}")


def _print(line: str) -> None:
    # What is missing on a machine is said (local/doctor.py) before any package is there.
    from local.terminal import console  # noqa: PLC0415

    console.print(line)


def _clock() -> str:
    minutes, seconds = divmod(int(time.monotonic() - _began), 60)
    return f"{minutes:2d}:{seconds:02d}"


def _seconds(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"
