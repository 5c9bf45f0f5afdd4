"""Where the platform prints."""

from __future__ import annotations

import sys

from rich.console import Console

# A file or a pipe has no width; tables there need not fold.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
# What a command prints may be the input of another one, which must not get an error to read.
stderr_console = Console(highlight=False, soft_wrap=True, stderr=True)
