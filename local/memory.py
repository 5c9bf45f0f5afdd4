"""How much memory this machine has, and what that allows."""

from __future__ import annotations

import os

GIB = 1024**3
# What the linker and the largest packages take while two modules are compiled at once.
_FOR_TWO_COMPILERS = 10 * GIB


def total() -> int:
    """The memory of this machine, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def is_ample() -> bool:
    """Whether two modules may be compiled at once, by compilers that save time rather than memory."""
    return total() >= _FOR_TWO_COMPILERS
