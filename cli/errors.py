"""Errors that are shown as one line."""

from __future__ import annotations


class Stopped(BaseException):
    """Somebody pressed Ctrl-C. Unlike KeyboardInterrupt it is nothing that parsers of command lines catch."""


class ProjectError(Exception):
    """Something is wrong that the user can fix; the message says how."""
