"""Writes what real PostgreSQL servers say of their parameters into ``components/postgresql/parameters.json``.

    python -m scripts.postgresql_parameters <bin folder> ...

Each folder holds ``initdb`` and ``postgres`` of one server of any version, such as ``/usr/lib/postgresql/17/bin``; give
at least one for each major version, as what is not given is not in the file. Nothing but the facts of ``pg_settings``
is written. A server runs alone (``postgres --single``), in a folder that is deleted, and as nobody, for PostgreSQL
never runs as root; so its files must be readable for everybody.

``pg_settings`` leaves out the values of enumerations which are accepted but not shown, such as ``true`` for
``synchronous_commit``. They are found by trying every word that any enumeration knows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "components" / "postgresql" / "parameters.json"
NOBODY = 65534
SETTINGS = (
    "select json_build_object('name', name, 'context', context, 'type', vartype, 'unit', unit, 'min', min_val, "
    "'max', max_val, 'values', enumvals)::text as fact from pg_settings where name not like '%.%' order by name"
)
# Accepted by some enumerations of some version and shown by none.
HIDDEN = ("on", "off", "true", "false", "yes", "no", "1", "0", "archive", "hot_standby", "debug", "fatal", "panic")
FACT = re.compile(r'^\t 1: fact = "(?P<fact>.*)"\t\(typeid')
# Refused by ALTER SYSTEM, which tells apart what a file may not set either, but good in a file.
FILE_ONLY = {"allow_alter_system", "data_directory"}
# Of Debian's packages alone.
PATCHED_IN = {"extension_destdir"}
# What the packages and images of PostgreSQL are built with and a server at hand may lack, by the first version.
BUILT_IN = {
    "default_toast_compression": (14, ["lz4"]),
    "wal_compression": (15, ["lz4", "zstd"]),
}
# Brought to every supported version by releases of one day (15.19 and 17.11 lack it, 15.20 and 17.12 have it).
BACKPORTED = {"composite_type_mismatch"}
OLDEST_SUPPORTED = 14
ZONES = "select to_json(name)::text as fact from pg_timezone_names"
# The zones of places. Old names, such as Europe/Kiev, are a package of their own that images do not have.
PLACES = Path("/usr/share/zoneinfo/zone.tab")
COLUMNS = ("context", "type", "unit", "min", "max", "values")


class Server:
    """A server of its own, whose statements run one by one without a client."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.postgres, self.data = programs / "postgres", folder / "data"
        self.user: Mapping[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        initdb: list[Path | str] = [
            programs / "initdb",
            "--pgdata",
            self.data,
            "--username",
            "postgres",
            "--no-sync",
            "--auth",
            "reject",
        ]
        self._run([*initdb, "--encoding", "UTF8", "--locale", "C"], "")

    @property
    def major(self) -> int:
        """Its major version."""
        return int((self.data / "PG_VERSION").read_text())

    def query(self, statement: str) -> list[Any]:
        """The JSON texts of a column named ``fact``."""
        found = [match["fact"] for line in self._single([statement]).splitlines() if (match := FACT.match(line))]
        return [json.loads(text) for text in found]

    def refusals(self, statements: Sequence[str]) -> set[int]:
        """The positions of those of ``statements`` (each a line) that end with an error."""
        return refused(self._single(numbered(statements)), len(statements))

    def _single(self, statements: Iterable[str]) -> str:
        command: list[Path | str] = [
            self.postgres,
            "--single",
            "-F",
            "-D",
            self.data,
            "-c",
            "log_statement=none",
            "postgres",
        ]
        return self._run(command, "".join(f"{statement}\n" for statement in statements))

    def _run(self, command: Sequence[Path | str], text: str) -> str:
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            cwd="/",
            **self.user,
        )
        return str(done.stdout)


def numbered(statements: Iterable[str]) -> Iterator[str]:
    """The statements with one before each that prints its position."""
    for position, statement in enumerate(statements):
        yield from (f"select 'at {position}' as fact", statement)


def refused(output: str, count: int) -> set[int]:
    """The positions of the statements that ended with an error, in what a server printed of ``numbered`` ones."""
    found, position = set[int](), -1
    for line in output.splitlines():
        if match := FACT.match(line):
            position = int(match["fact"].removeprefix("at "))
        elif re.match(r"(\S.* )?ERROR:", line):
            found.add(position)
    if position != count - 1:
        raise RuntimeError(f"the server stopped after statement {position}:\n{output[-2000:]}")
    return found


def facts(server: Server, words: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the server says of each parameter, with those of ``words`` that its enumerations accept."""
    found = {fact["name"]: {key: fact[key] for key in COLUMNS if fact[key]} for fact in server.query(SETTINGS)}
    for position in server.refusals([f"alter system reset {name}" for name in found]):
        if (name := [*found][position]) not in FILE_ONLY:
            found[name]["context"] = "internal"
    tried = [
        (name, word)
        for name, fact in found.items()
        if fact["type"] == "enum" and fact["context"] != "internal"
        for word in sorted({*words} - {*fact["values"]})
    ]
    wrong = server.refusals([f"alter system set {name} to '{word}'" for name, word in tried])
    for position, (name, word) in enumerate(tried):
        if position not in wrong:
            found[name]["values"].append(word)
    for name, (since, values) in BUILT_IN.items():
        if server.major >= since:
            found[name]["values"] += values
    return {name: fact for name, fact in found.items() if name not in PATCHED_IN}


def read(folders: Sequence[Path]) -> tuple[dict[int, dict[str, dict[str, Any]]], set[str]]:
    """By major version what its servers say, and the time zones of places that all of them know.

    Where servers of one version differ, everything that one of them accepts.
    """
    result: dict[int, dict[str, dict[str, Any]]] = {}
    places = {line.split("\t")[2] for line in PLACES.read_text().splitlines() if not line.startswith("#")}
    words, zones = {*HIDDEN}, places | {"UTC", "Etc/UTC"}
    for is_first in (True, False):
        for programs in folders:
            with tempfile.TemporaryDirectory() as folder:
                server = Server(programs, Path(folder))
                if is_first:
                    shown = server.query(SETTINGS)
                    words |= {value for fact in shown for value in fact["values"] or ()}
                    zones &= {*server.query(ZONES)}
                else:
                    _join(result.setdefault(server.major, {}), facts(server, words))
    for name in BACKPORTED:
        [fact] = {json.dumps(known[name]): known[name] for known in result.values() if name in known}.values()
        for version, known in result.items():
            if version >= OLDEST_SUPPORTED:
                known[name] = fact
    return result, zones


def _join(known: dict[str, dict[str, Any]], more: Mapping[str, dict[str, Any]]) -> None:
    for name, fact in more.items():
        same = known.setdefault(name, fact)
        if "values" in fact:
            same["values"] = sorted({*same["values"], *fact["values"]})


def table(majors: Mapping[int, Mapping[str, Mapping[str, Any]]], zones: Iterable[str]) -> str:
    """The file: for each parameter a list of facts, each with the versions from and to which it holds."""
    versions = sorted(majors)
    parameters: dict[str, list[dict[str, Any]]] = {}
    for version in versions:
        for name, fact in sorted(majors[version].items()):
            spans = parameters.setdefault(name, [])
            last = spans[-1] if spans else {"from": 0, "to": 0}
            if last == {"from": last["from"], "to": version - 1, **fact}:
                last["to"] = version
            else:
                spans.append({"from": version, "to": version, **fact})
    lines = (f"    {json.dumps(name)}: {json.dumps(spans)}" for name, spans in sorted(parameters.items()))
    known = json.dumps(sorted(zones))
    return (
        f'{{\n  "versions": {json.dumps(versions)},\n  "timezones": {known},\n  "parameters": {{\n'
        + ",\n".join(lines)
        + "\n  }\n}\n"
    )


def main(folders: Sequence[str]) -> None:
    """Write the table."""
    if not folders:
        raise SystemExit("name a folder with the programs initdb and postgres of each major version")
    TABLE.write_text(table(*read([Path(folder) for folder in folders])))


if __name__ == "__main__":
    main(sys.argv[1:])
