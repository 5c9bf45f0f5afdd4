"""What programs say, in one short line and without what looks like a secret."""

from __future__ import annotations

import re

CHARACTERS = 300
HIDDEN = "***"
# Colours and other orders to a terminal.
_ORDERS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_CREDENTIALS = re.compile(r"(://)(?:[^/\s:@]*:\S*|[^/\s@]+)@")
# With a blank or a quote in the value it ends at the next quote of its kind, or else at the next blank.
_NAMED = re.compile(
    r"""((?:password|passwd|passphrase|secret|token|credential|authorization|api[_-]?key|access[_-]?key|private[_-]?key)"""
    r"""[\w-]*["']?\s*(?:[:=]|=>|\bis\b)\s*(?:(?:bearer|basic|token)\s+)?)("[^"]*"|'[^']*'|[^\s,;}]+)""",
    re.IGNORECASE,
)


def last_line(log: str) -> str:
    """The last line that says anything, as ``shown``; empty where there is none."""
    lines = [line for each in log.splitlines() if (line := shown(each))]
    return lines[-1] if lines else ""


def shown(text: str) -> str:
    """One line of at most ``CHARACTERS``, in which values that are named like secrets are ``HIDDEN``."""
    line = " ".join(_ORDERS.sub("", " ".join(text.split())).split())
    masked = _NAMED.sub(rf"\1{HIDDEN}", _CREDENTIALS.sub(rf"\1{HIDDEN}@", line))
    return masked if len(masked) <= CHARACTERS else f"{masked[: CHARACTERS - 1]}…"
