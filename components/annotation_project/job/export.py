"""Convert the annotations in the target of a project, and write them to its bucket as an archive.

The package ``cli`` is what ``make export`` and ``make download`` convert with, which is beside this one in the pod.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from cli import training
from cli.annotations import Annotations
from cli.errors import ProjectError
from cli.export import Format, Labelled, convert
from cli.files import Files
from cli.listed import Listed, list_objects

from .archive import CHUNK, Archive, keep_newest, name_at
from .errors import RefusedError, run
from .labelling import completed
from .s3 import Key, Place, connect, explained
from .webhooks import EXPORT_DONE, tell

THREADS = 8
# Objects that are asked for at once, and in memory.
AHEAD = 4 * THREADS
# Without annotations, there is nothing to write.
NOTHING = "there are no annotations yet"


@dataclass(frozen=True)
class Bucket:
    """One place, with the key of its purpose."""

    client: Any
    place: Place

    @classmethod
    def of(cls, purpose: str, place: Place) -> Bucket:
        """The key is in the environment."""
        return cls(connect(place, Key.of(purpose)), place)

    @property
    def address(self) -> str:
        """As tasks name it."""
        return f"s3://{self.place.bucket}/{self.place.prefix}"

    def listed(self) -> Iterator[Listed]:
        """What lies there, without what stands for a folder."""
        place = self.place
        with explained(place):
            yield from list_objects(self.client, place.bucket, place.prefix)

    def content(self, name: str, **condition: str) -> Any:
        """The body of an object."""
        with explained(self.place):
            return self.client.get_object(Bucket=self.place.bucket, Key=self.place.prefix + name, **condition)["Body"]

    def chunks(self, listed: Listed) -> Iterator[bytes]:
        """The content that was listed, a piece at a time."""
        body = self.content(listed.name, IfMatch=f'"{listed.etag}"')
        with explained(self.place):
            while chunk := body.read(CHUNK):
                yield chunk


@dataclass(frozen=True)
class Export:
    """One entry of the settings; ``folder`` is on the pod's own disk."""

    declaration: Mapping[str, Any]
    kind: Format
    with_data: bool
    keep: int
    folder: Path
    moment: datetime

    def run(self) -> str:
        """Write the archive, delete old ones, tell the webhooks; a line of JSON says what is where."""
        places = {role: Place(role, **it["place"]) for role, it in self.declaration["storages"].items()}
        archives = Place("archives", **self.declaration["archives"])
        title = f"{self.kind}-with-data" if self.with_data else self.kind
        target, source = Bucket.of("export", places["target"]), Bucket.of("source", places["source"])
        written = Bucket.of("archives", replace(archives, prefix=f"{archives.prefix}{title}/"))
        # A file for a database, which is on this pod's disk.
        with Annotations.open(self.folder / "annotations.db") as annotations:
            count, tasks = _bring(target, annotations), annotations.count_tasks()
            report: dict[str, Any] = {"format": title, "annotations": count, "tasks": tasks}
            if count == 0:
                return json.dumps({**report, "object": None, "message": NOTHING})
            name = name_at(self.moment)
            with Archive.open(written.client, written.place, name, self.moment) as archive:
                if self.with_data:
                    report["files"] = self._with_data(source, annotations, archive)
                else:
                    converted = self.folder / "converted"
                    convert(annotations.tasks(), self._labelled(source), self.kind, converted)
                    archive.add_folder(converted)
        report |= {"object": written.address + name, "bytes": archive.upload.size}
        keep_newest(written.client, written.place, self.keep)
        event = {"action": EXPORT_DONE, "project": self.declaration["name"], **report}
        tell(self.declaration["webhooks"], self.declaration["name"], event)
        return json.dumps(report)

    def _labelled(self, source: Bucket) -> Labelled:
        return Labelled(self.declaration["label_config"], source.address, self.moment)

    def _with_data(self, source: Bucket, annotations: Annotations, archive: Archive) -> int:
        """Write the annotations as ``make download`` does, then what they are about; the number of the latter."""
        layout = training.Layout(self.kind, source.address)
        converted, placed = self.folder / "converted", self.folder / "placed"
        placed.mkdir()
        with Files.open(placed, self.folder / "files.db", (self.declaration["name"], self.kind)) as files:
            files.want(layout.wanted(annotations.tasks()))
            count, _ = files.compare(source.listed())
            complete = (it for it in annotations.tasks() if files.are_there(layout.names(it)))
            convert((layout.local(it) for it in complete), self._labelled(source), self.kind, converted)
            training.place(converted, placed, self.kind)
            archive.add_folder(placed)
            for listed, path in files.missing():
                archive.add(str(path.relative_to(placed)), source.chunks(listed))
        return count


def _bring(target: Bucket, annotations: Annotations) -> int:
    """The annotations of the target, on this pod's disk."""
    listed = {it.name: it.etag for it in target.listed()}

    def downloaded() -> Iterator[tuple[str, bytes]]:
        names = iter(annotations.missing(listed))
        with ThreadPoolExecutor(THREADS) as pool:
            while some := list(islice(names, AHEAD)):
                yield from zip(some, pool.map(lambda name: target.content(name).read(), some), strict=True)

    annotations.keep(listed, downloaded())
    return len(listed)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ProjectError as error:
        raise RefusedError(str(error)) from None


def main(arguments: list[str]) -> int:
    """``COCO --keep 7 --folder /export``, perhaps ``--with-data``; the rest is in the environment, as for ``apply``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("format")
    parser.add_argument("--with-data", action="store_true")
    parser.add_argument("--keep", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args(arguments)
    declaration = json.loads(Path(os.environ["DECLARATION"]).read_text(encoding="utf-8"))
    moment = datetime.now(UTC).replace(microsecond=0)
    # A former attempt of the same pod has left what it had.
    folder = given.folder / f"{moment:%H%M%S}"
    folder.mkdir()

    def work() -> str:
        with _refusing():
            return Export(completed(declaration), given.format, given.with_data, given.keep, folder, moment).run()

    return run(f"project {declaration['name']}: export as {given.format}", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
