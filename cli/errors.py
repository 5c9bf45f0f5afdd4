"""Errors that are shown as one line."""

from __future__ import annotations


class ProjectError(Exception):
    """Something is wrong that the person at the keyboard can mend; the message says how."""
