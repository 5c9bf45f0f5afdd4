"""What downloads and snapshots bring to this machine, each with a bar that shows how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

from . import training
from .annotations import Annotations
from .app import address
from .errors import ProjectError
from .export import Labelled, complete, convert, passes
from .fetch import Fetch
from .files import Files
from .listed import Listed
from .progress import console, counted, progress
from .stack import Place, Project
from .store import Store, in_order
from .training import Layout


def target_of(project: Project) -> Place:
    """Where its annotations are, with a key that reads them; ProjectError if it has no target."""
    if project.export is None:
        raise ProjectError(f"the project {project.name} has no target to export from")
    return project.export


def bring_annotations(store: Store, annotations: Annotations) -> int:
    """Bring the annotations on this machine up to date and return how many there are."""
    listed = {name: etag for name, (_, etag) in store.objects().items()}
    if not listed:
        raise ProjectError(f"there are no annotations in {address(store.place)} yet")
    missing = annotations.missing(listed)
    with counted("Downloading", len(missing)) as advance:

        def downloaded() -> Iterator[tuple[str, bytes]]:
            for name, content in zip(missing, store.read(missing), strict=True):
                yield name, content
                advance(len(content))

        annotations.keep(listed, downloaded())
    return len(listed)


def bring_files(store: Store, files: Files, listed: Iterable[Listed]) -> None:
    """Bring the files that are wanted up to date with what is listed."""
    count, size = files.compare(listed)
    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with progress(f"Downloading {count} files", size, *columns) as advance:
        fetch = Fetch(store, files.root / training.STATE / "parts", advance)
        for fetched in in_order(lambda item: fetch(*item), files.missing()):
            files.keep(fetched)


def convert_in(folder: Path, layout: Layout, labelled: Labelled, tasks: Iterable[dict[str, Any]], total: int) -> None:
    """Convert the ``total`` tasks, as the files of a folder are beside them."""
    converted, local = folder / training.STATE / "converted", (layout.local(task) for task in tasks)
    with complete(converted) as part, counted("Converting", total * passes(layout.kind)) as advance:
        convert(local, labelled, layout.kind, part, advance)
    training.place(converted, folder, layout.kind)


def tell_what_is_missing(layout: Layout, files: Files) -> None:
    """Name what tasks are about and the source does not have."""
    count, name = files.absent()
    if count:
        console.print(f"{count} files of tasks are not in {layout.source}, such as {name}: their tasks are left out")


def tell_what_is_elsewhere(layout: Layout, tasks: Iterable[dict[str, Any]]) -> None:
    """Name data of tasks that no download has."""
    if elsewhere := next((text for task in tasks for text in layout.elsewhere(task)), None):
        console.print(f"some tasks have data elsewhere, such as {elsewhere}: it was not downloaded")
