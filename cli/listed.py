"""Objects as their server listed them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listed:
    """An object as its server listed it; ``size`` is in bytes, ``name`` without the prefix of the place.

    With a ``version``, it is that version of the object; ``sha256`` is of its content, in hexadecimal digits, if known.
    """

    name: str
    size: int
    etag: str
    version: str | None = None
    sha256: str | None = None


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
