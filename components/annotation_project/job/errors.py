"""The one kind of failure that a person can mend."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import httpx

from . import REFUSED

# The exit code of a pod that could not reach something: that may pass.
FAILED = 1
TERMINATION_LOG = Path("/dev/termination-log")


class RefusedError(Exception):
    """The declaration cannot be applied; the message is one line that says what to mend."""


def run(subject: str, work: Callable[[], str]) -> int:
    """The exit code of ``work``, whose report or one line of error goes to the log and to the pod's status."""
    try:
        message, code = work(), 0
    except RefusedError as error:
        message, code = f"{subject}: {one_line(error)}", REFUSED
    except httpx.HTTPStatusError as error:
        # Not the whole address: an invitation's token is part of it.
        answer, path = error.response.status_code, error.request.url.path
        message, code = f"{subject}: Label Studio answered {answer} to {path}", FAILED
    except httpx.HTTPError as error:
        message, code = f"{subject}: Label Studio does not answer: {one_line(error)}", FAILED
    sys.stderr.write(f"{message}\n")
    if TERMINATION_LOG.exists():
        TERMINATION_LOG.write_text(message)
    return code


def one_line(text: object = "") -> str:
    """The text without line breaks."""
    return " ".join(str(text).split())
