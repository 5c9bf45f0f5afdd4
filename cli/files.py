"""Which files of a source a download wants and has, kept on disk: many files need no more memory than few."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import ProjectError
from .listed import Listed, digest

SCHEMA = """
CREATE TABLE IF NOT EXISTS made (project TEXT, kind TEXT);
CREATE TABLE IF NOT EXISTS fetched (name TEXT PRIMARY KEY, path TEXT, size INTEGER, etag TEXT);
CREATE TABLE IF NOT EXISTS digests (name TEXT PRIMARY KEY, etag TEXT, sha256 TEXT);
CREATE TEMPORARY TABLE listed (name TEXT PRIMARY KEY, size INTEGER, etag TEXT, version TEXT, sha256 TEXT);
CREATE TEMPORARY TABLE wanted (name TEXT PRIMARY KEY, path TEXT UNIQUE, alone TEXT UNIQUE);
CREATE TEMPORARY TABLE missing (
    name TEXT PRIMARY KEY, path TEXT, size INTEGER, etag TEXT, version TEXT, sha256 TEXT
);
"""
FIND_MISSING = """
INSERT INTO missing SELECT listed.name, wanted.path, listed.size, listed.etag, listed.version, listed.sha256
FROM wanted JOIN listed USING (name)
LEFT JOIN fetched ON (fetched.name, fetched.path, fetched.etag) = (wanted.name, wanted.path, listed.etag)
WHERE fetched.name IS NULL
"""
PRESENT = """
SELECT fetched.name, fetched.path, fetched.size, listed.sha256 FROM fetched LEFT JOIN listed USING (name, etag)
"""
DIGESTED = """
SELECT name, listed.size, etag, listed.version, digests.sha256
FROM wanted JOIN listed USING (name) JOIN digests USING (name, etag) ORDER BY name
"""
UNWANTED = "SELECT name, path FROM fetched WHERE (name, path) NOT IN (SELECT name, path FROM wanted)"
ABSENT = "FROM wanted WHERE name NOT IN (SELECT name FROM listed)"


@dataclass(frozen=True)
class Files:
    """The files below one folder, ``root``, each with the version (ETag) of the object that it is."""

    database: sqlite3.Connection
    root: Path

    @classmethod
    @contextmanager
    def open(cls, root: Path, file: Path, purpose: tuple[str, str]) -> Iterator[Files]:
        """Those that a file knows of; ProjectError where it is for another ``purpose``: a project, and a format."""
        try:
            with closing(sqlite3.connect(file)) as database:
                database.executescript(SCHEMA)
                made = database.execute("SELECT project, kind FROM made").fetchone()
                if made not in (None, purpose):
                    raise ProjectError(f"{root} has the project {made[0]} as {made[1]}; name another folder in TO")
                if made is None:
                    with database:
                        database.execute("INSERT INTO made VALUES (?, ?)", purpose)
                yield cls(database, root)
        except sqlite3.Error as error:
            raise ProjectError(f"{file} cannot be used ({error}): make room on the disk, or delete that file") from None

    def want(self, named: Iterable[tuple[str, str, str]]) -> None:
        """Take names of objects, each with its path, and with what only one of them may be called besides.

        They take the place of those that were wanted before.
        """
        self.database.execute("DELETE FROM wanted")
        for name, path, alone in named:
            if {"", ".", ".."} & {*path.split("/")}:
                raise ProjectError(f"no file of this machine can have the name of the object {name!r}")
            row = (name, path, alone)
            if not self.database.execute("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?)", row).rowcount:
                query = "SELECT name FROM wanted WHERE name != ? AND (path = ? OR alone = ?)"
                if other := self.database.execute(query, row).fetchone():
                    raise ProjectError(f"{other[0]} and {name} would have one name as {self.kind}; choose COCO or JSON")

    @property
    def kind(self) -> str:
        """The format that the folder has."""
        return str(self.database.execute("SELECT kind FROM made").fetchone()[0])

    def compare(self, listed: Iterable[Listed]) -> tuple[int, int]:
        """How many files are missing, and their bytes; what is here and no longer wanted is deleted.

        A file is here if it has the size of its object, and the digest, if what was listed has one.
        """
        rows = ((it.name, it.size, it.etag, it.version, it.sha256) for it in listed)
        with self.database:
            self.database.execute("DELETE FROM listed")
            self.database.execute("DELETE FROM missing")
            self.database.executemany("INSERT INTO listed VALUES (?, ?, ?, ?, ?)", rows)
            for name, path in self.database.execute(UNWANTED).fetchall():
                (self.root / path).unlink(missing_ok=True)
                self.database.execute("DELETE FROM fetched WHERE name = ?", (name,))
            for name, path, size, sha256 in self.database.execute(PRESENT).fetchall():
                file = self.root / path
                same = file.is_file() and file.stat().st_size == size and sha256 in (None, sha256 and digest(file))
                if not same:
                    self.database.execute("DELETE FROM fetched WHERE name = ?", (name,))
            self.database.execute(FIND_MISSING)
        count, size = self.database.execute("SELECT count(*), coalesce(sum(size), 0) FROM missing").fetchone()
        return int(count), int(size)

    def missing(self) -> Iterator[tuple[Listed, Path]]:
        """What is to be fetched, and to which file."""
        for name, path, *facts in self.database.execute("SELECT * FROM missing"):
            size, etag, version, sha256 = facts
            yield Listed(name, size, etag, version, sha256), self.root / path

    def keep(self, listed: Listed) -> None:
        """Remember that a file is complete, with its digest if there is one."""
        with self.database:
            query = "INSERT OR REPLACE INTO fetched SELECT name, path, size, etag FROM missing WHERE name = ?"
            self.database.execute(query, (listed.name,))
            if listed.sha256:
                row = (listed.name, listed.etag, listed.sha256)
                self.database.execute("INSERT OR REPLACE INTO digests VALUES (?, ?, ?)", row)

    def digested(self) -> Iterator[Listed]:
        """What is wanted, in the order of the names, each with the digest that it was fetched with."""
        return (Listed(*row) for row in self.database.execute(DIGESTED))

    def absent(self) -> tuple[int, str]:
        """How many of what is wanted nobody has, and one of them."""
        found = self.database.execute(f"SELECT count(*), min(name) {ABSENT}").fetchone()
        return int(found[0]), str(found[1] or "")

    def are_there(self, names: Iterable[str]) -> bool:
        """Whether the store has all of these."""
        query = "SELECT 1 FROM listed WHERE name = ?"
        return all(self.database.execute(query, (name,)).fetchone() for name in names)

    def count(self) -> int:
        """How many files are here."""
        return int(self.database.execute("SELECT count(*) FROM fetched").fetchone()[0])
