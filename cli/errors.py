"""Errors that are shown as one line."""

from __future__ import annotations

from collections.abc import Sequence

# More than one person reads at a time.
SHOWN = 100


class Stopped(BaseException):
    """Somebody pressed Ctrl-C. Unlike KeyboardInterrupt it is nothing that parsers of command lines catch."""


class ProjectError(Exception):
    """Something is wrong that the user can fix; the message says how."""


def listed(problems: Sequence[str]) -> str:
    """The first problems, each on a line of its own, for the end of a message."""
    more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return "\n".join(["", *problems[:SHOWN], *more])
