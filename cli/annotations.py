"""The annotations of a target on the disk of this machine, so that an export resumes, and needs little memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from .errors import ProjectError

SCHEMA = """
CREATE TABLE IF NOT EXISTS annotation (
    name TEXT PRIMARY KEY, version TEXT, task INTEGER, number INTEGER, content BLOB
);
CREATE INDEX IF NOT EXISTS in_order ON annotation (task, number);
"""
# Objects that are downloaded again if the command is killed.
UNSAVED = 200


@dataclass(frozen=True)
class Annotations:
    """What was downloaded of one target: each object with the version (ETag) that it had."""

    database: sqlite3.Connection

    @classmethod
    @contextmanager
    def open(cls, file: Path) -> Iterator[Annotations]:
        """Those of a file, which is made if it is not there; ProjectError where it cannot be read or written."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(file)) as database:
                database.executescript(SCHEMA)
                yield cls(database)
        except sqlite3.Error as error:
            raise ProjectError(f"{file} cannot be used ({error}): make room on the disk, or delete that file") from None

    def missing(self, listed: Mapping[str, str]) -> list[str]:
        """The objects of a listing (name: version) that are not here; those that it does not have are forgotten."""
        known = dict(self.database.execute("SELECT name, version FROM annotation"))
        with self.database:
            self.database.executemany("DELETE FROM annotation WHERE name = ?", [(it,) for it in known.keys() - listed])
        return [name for name, version in listed.items() if known.get(name) != version]

    def keep(self, listed: Mapping[str, str], downloaded: Iterable[tuple[str, bytes]]) -> None:
        """Write objects as they come; what has come stays, whatever ends the download."""
        try:
            for count, (name, content) in enumerate(downloaded, 1):
                annotation = json.loads(content)
                row = (name, listed[name], annotation["task"]["id"], annotation["id"], content)
                self.database.execute("INSERT OR REPLACE INTO annotation VALUES (?, ?, ?, ?, ?)", row)
                if count % UNSAVED == 0:
                    self.database.commit()
        finally:
            self.database.commit()

    def count_tasks(self) -> int:
        """How many tasks have annotations."""
        return int(self.database.execute("SELECT count(DISTINCT task) FROM annotation").fetchone()[0])

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Each task with all its annotations, by their numbers; one task is in memory at a time."""
        rows = self.database.execute("SELECT task, content FROM annotation ORDER BY task, number")
        for _, group in groupby(rows, key=lambda row: row[0]):
            annotations = [json.loads(content) for _, content in group]
            task = [annotation.pop("task") for annotation in annotations][-1]
            yield {**task, "annotations": annotations}
