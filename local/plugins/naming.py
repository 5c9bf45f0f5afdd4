"""Resource names from URNs, and the names that a provider gives."""

from __future__ import annotations

import hashlib
import secrets


def urn_type(urn: str) -> str:
    """The type token: `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def urn_name(urn: str) -> str:
    """The name given in the program; it may itself hold `::`."""
    return urn.split("::", 3)[3]


def unique_name(prefix: str, seed: bytes) -> str:
    """The prefix and eight hexadecimal digits, the same in a preview and the update that follows (one seed)."""
    suffix = hashlib.sha256(seed).hexdigest()[:8] if seed else secrets.token_hex(4)
    return f"{prefix}{suffix}"
