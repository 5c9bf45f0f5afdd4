"""What the commands show on the terminal: lines, and bars for what takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

# Lines are never broken: they hold commands and addresses to copy.
console = Console(soft_wrap=True)


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[..., None]]:
    """A bar; what is given is called after each of the ``total`` steps, with its bytes where they count."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[size]}"), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task(what, total=total, size="")
        sizes = 0

        def advance(size: int = 0) -> None:
            nonlocal sizes
            sizes += size
            bar.update(task, advance=1, size=decimal(sizes) if sizes else "")

        yield advance


@contextmanager
def progress(what: str, total: int, *columns: ProgressColumn) -> Iterator[Callable[[int], None]]:
    """A bar; what is given is called with how much more of ``total`` is done."""
    shown = (TextColumn("{task.description}"), BarColumn(), *columns, TimeElapsedColumn())
    with Progress(*shown, console=console) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
