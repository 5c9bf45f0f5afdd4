"""What the settings say of a parameter is what PostgreSQL does with it: the server of the image, asked itself."""

from __future__ import annotations

import json
import random
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.postgresql.parameter_rules import MANAGED
from components.postgresql.parameter_values import Fact
from components.postgresql.parameters import TABLE, check_parameters, fact_of, table, versions
from local.images import catalog
from local.tools.build import module_directory
from scripts.postgresql_parameters import PATCHED_IN, SETTINGS, ZONES, numbered, refused
from tests.contract.servers import run_inside

VERSION = 17
SERVER = "setpriv --reuid postgres --regid postgres --clear-groups env PATH=/usr/lib/postgresql/17/bin:$PATH"
WORDS = [
    "",
    " ",
    "abc",
    "on",
    "OFF",
    "tr",
    "o",
    "of",
    "ye",
    "nO",
    "0",
    "1",
    "2",
    "-1",
    "+5",
    "true ",
    " on",
    "none",
    "ALL",
]
# Not 0b1, which only a new libc reads as a number: it is refused.
NUMBERS = [
    *("0x10", "0x", "010", "09", "1e2", "1e", "1.5", ".5", "5.", "1e-400", "1e400", "inf", "-inf", "nan", "NaN"),
    *(
        "99999999999999999999",
        "0x1.8p3",
        "1_000",
        "١٢",
        "16 ",
        " 16",
        "16  x",
        "--1",
        "2147483647",
        "2147483648",
        "1,5",
    ),
    *("0xFFFFFFFFFFFFFFFFFF", "2147483647.4", "2147483647.5", "-2147483649", "1e9", "infinity", "0X1P2", ".e5", "1d"),
]
UNITS = ["B", "kB", "MB", "GB", "TB", "KB", "kb", "us", "ms", "s", "min", "h", "d", "S", "Megs", "MBs", "PB"]
GOOD_TEXTS: Mapping[str, list[str]] = {
    "DateStyle": ["ISO, DMY", "german", "mdy", "SQL,YMD"],
    "TimeZone": ["UTC", "europe/zurich"],
    "backtrace_functions": ["", "a, b_c"],
    "client_encoding": ["UTF8", "utf-8"],
    "createrole_self_grant": ["", "set, inherit", "SET"],
    "debug_io_direct": ["", "data", "data, wal,wal_init"],
    "default_tablespace": [""],
    "lc_messages": ["C", "POSIX", "C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8"],
    "lc_monetary": ["", "C", "en_US.UTF-8"],
    "lc_numeric": ["C.UTF-8", "en_US.utf8"],
    "lc_time": ["POSIX", "en_US.UTF-8"],
    "log_connections": ["on"],
    "log_destination": ["", "stderr", "csvlog, jsonlog", "SYSLOG"],
    "log_line_prefix": ["%m [%p] it''s"],
    "log_timezone": ["Etc/UTC"],
    "restrict_nonsystem_relation_kind": ["", "view, foreign-table"],
    "temp_tablespaces": [""],
    "timezone_abbreviations": ["Default", "Australia", "India"],
    "wal_consistency_checking": ["", "all", "heap, btree", "hash,gin,gist,sequence,spgist,brin,generic,heap2"],
}
BAD_TEXTS: Mapping[str, list[str]] = {
    "DateStyle": ["ISO, SQL", "swiss"],
    "TimeZone": ["Mars/Olympus", ""],
    "client_encoding": ["utf9"],
    "createrole_self_grant": ["everything"],
    "debug_io_direct": ["all"],
    "lc_messages": [""],
    "lc_monetary": ["tlh_XX.UTF-8"],
    "log_destination": ["stdout", "stderr csvlog"],
    "restrict_nonsystem_relation_kind": ["table"],
    "timezone_abbreviations": ["Mars"],
    "wal_consistency_checking": ["everything"],
    "default_table_access_method": [""],
    "log_timezone": ["Nowhere"],
}
# Where the settings refuse more than the server says at once; test_a_server_starts_with_what_is_accepted has the rest.
STRICTER = {"huge_pages", "min_wal_size", "max_wal_size", "max_connections", "superuser_reserved_connections"}
STRICTER |= {"reserved_connections", "max_worker_processes", "max_wal_senders", "autovacuum_max_workers", "wal_level"}
STARTS: list[dict[str, str]] = [
    {},
    {"max_connections": "200", "shared_buffers": "64 MB", "work_mem": "1.5MB", "log_statement": "DDL"},
    {"max_connections": "3"},
    {"max_connections": "4"},
    {"max_connections": "10", "reserved_connections": "7"},
    {"max_connections": "10", "reserved_connections": "6"},
    {"superuser_reserved_connections": "100"},
    {"superuser_reserved_connections": "99"},
    {"wal_level": "minimal"},
    {"wal_level": "minimal", "max_wal_senders": "0"},
    {"wal_level": "minimal", "max_wal_senders": "0", "summarize_wal": "on"},
    {"wal_level": "archive"},
    {"min_wal_size": "31MB"},
    {"min_wal_size": "32MB"},
    {"max_wal_size": "31MB"},
    {"max_wal_size": "32MB"},
    {"log_statement_stats": "on", "log_parser_stats": "on"},
    {"log_executor_stats": "on", "log_parser_stats": "on"},
    {"max_connections": "262143"},
    {"max_worker_processes": "262200"},
    {"max_stack_depth": "7680kB"},
    {"vacuum_buffer_usage_limit": "127"},
    {"subtransaction_buffers": "17"},
    {"subtransaction_buffers": "32"},
    {"max_conections": "100"},
    {"pg_stat_statements.max": "5000", "shared_preload_libraries": "pg_stat_statements, auto_explain"},
    {"shared_preload_libraries": "pg_stat_statments"},
    {"shared_preload_libraries": "auth_delay,passwordcheck,pg_prewarm"},
    {"search_path": '"$user", public'},
    {"temp_tablespaces": "a, b"},
    {"block_size": "8192"},
    {"io_method": "worker"},
    {"log_filename": "postgresql-%a.log", "logging_collector": "on"},
]


def accepts(values: Mapping[str, str]) -> bool:
    try:
        check_parameters(values, VERSION, "standalone")
    except ValueError:
        return False
    return True


def _numbers(fact: Fact) -> Iterator[str]:
    chance = random.Random(fact.minimum + fact.maximum)
    for limit in (fact.minimum, fact.maximum):
        yield limit
        if fact.type == "integer":
            yield from (str(int(limit) - 1), str(int(limit) + 1), f"{limit}.4", f"{limit}.6")
        yield from (f"{limit}{unit}" for unit in chance.sample(UNITS, 5))
    for unit in UNITS:
        number = chance.choice(["1", "7", "64", "100", "0.5", "30.1", "1000.7", "0x10", "-1", "1e3"])
        yield f"{number}{chance.choice(['', ' ', '  '])}{unit}{chance.choice(['', '', ' '])}"
    yield from chance.sample(NUMBERS, 12)


def candidates() -> Iterator[tuple[str, str]]:
    for name in table():
        fact = fact_of(name, VERSION)
        if fact is None or MANAGED.fullmatch(name) or fact.context == "internal" or name == "allow_alter_system":
            continue
        if fact.type == "string":
            yield from ((name, value) for value in [*GOOD_TEXTS.get(name, []), *BAD_TEXTS.get(name, [])])
            continue
        values = [*fact.values, *(value.upper() for value in fact.values), *WORDS]
        values += _numbers(fact) if fact.type in {"integer", "real"} else random.Random(name).sample(NUMBERS, 4)
        yield from ((name, value) for value in dict.fromkeys(values))


@dataclass(frozen=True)
class Answers:
    """What the server printed."""

    folder: Path
    asked: list[tuple[str, str]]

    def refused(self) -> set[int]:
        return refused((self.folder / "values.out").read_text(), len(self.asked))

    def facts(self, file: str) -> list[object]:
        lines = (self.folder / file).read_text().splitlines()
        return [json.loads(line) for line in lines if line]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    asked = [*candidates()]
    statements = [f"alter system set {name} to '{value}'" for name, value in asked]
    starts = [
        " ".join(
            ["postgres -D data -C shared_memory_size", *(shlex.join(["-c", f"{k}={v}"]) for k, v in values.items())]
        )
        for values in STARTS
    ]
    psql = f"psql -h /{'contract'} -U postgres -d postgres -X -At -f"
    script = f"""
chown -R postgres:postgres .
cat > inner.sh <<'END'
initdb -D data -U postgres --no-sync --encoding UTF8 --locale C > /dev/null
pg_ctl -D data -w -o "-k /contract -c listen_addresses= -F" -l server.log start > /dev/null
{psql} facts.sql > facts.out
{psql} zones.sql > zones.out
pg_ctl -D data -m fast -w stop > /dev/null
{chr(10).join(f"{line} > start.{n} 2>&1 && echo yes >> starts || echo no >> starts" for n, line in enumerate(starts))}
postgres --single -F -D data -c log_statement=none postgres < values.sql > values.out 2>&1
END
{SERVER} sh -eu inner.sh
"""
    files = {
        "values.sql": "".join(f"{line}\n" for line in numbered(statements)),
        "facts.sql": f"{SETTINGS};\n",
        "zones.sql": f"{ZONES};\n",
    }
    return Answers(run_inside(catalog.POSTGRESQL, tmp_path_factory.mktemp("postgresql"), files, script), asked)


def test_each_value_is_taken_as_the_server_takes_it(answers: Answers) -> None:
    wrong = answers.refused()
    assert len(answers.asked) > 5000
    differences = [
        (name, value, "refused" if position in wrong else "accepted")
        for position, (name, value) in enumerate(answers.asked)
        if accepts({name: value}) == (position in wrong)
        and not (name in STRICTER and position not in wrong and not accepts({name: value}))
    ]
    assert differences == []


def test_the_table_has_every_parameter_of_the_server(answers: Answers) -> None:
    for fact in answers.facts("facts.out"):
        assert isinstance(fact, dict)
        name = fact["name"]
        if name in PATCHED_IN:
            continue
        known = fact_of(name, VERSION)
        assert known, name
        assert (known.type, known.unit) == (fact["type"], fact["unit"]), name
        assert known.context in {fact["context"], "internal"}, name
        if fact["type"] in {"integer", "real"} and known.context != "internal":
            assert (known.minimum, known.maximum) == (fact["min"], fact["max"]), name
        missing = {*(fact["values"] or ())} - {*known.values}
        assert missing <= {"io_uring"}, name


def test_the_server_knows_every_time_zone_of_the_table(answers: Answers) -> None:
    zones = set(json.loads(TABLE.read_text())["timezones"])
    assert zones - {*answers.facts("zones.out")} == set()


def test_a_server_starts_with_what_is_accepted_and_with_nothing_else(answers: Answers) -> None:
    outcomes = (answers.folder / "starts").read_text().split()
    assert len(outcomes) == len(STARTS)
    differences = [
        (values, outcome, (answers.folder / f"start.{n}").read_text())
        for n, (values, outcome) in enumerate(zip(STARTS, outcomes, strict=True))
        if accepts(values) != (outcome == "yes")
    ]
    assert differences == []


def test_the_table_knows_the_version_of_the_image() -> None:
    assert VERSION in versions()


def test_what_the_webhook_of_cloudnativepg_refuses_is_refused() -> None:
    source = (
        module_directory("cloudnative-pg", "github.com/cloudnative-pg/cloudnative-pg") / "pkg/postgres/configuration.go"
    )
    fixed = source.read_text().partition("FixedConfigurationParameters = map")[2].partition("\n\t}")[0]
    names = re.findall(r'"([a-z_.]+)":', fixed)
    assert len(names) > 50
    for name in names:
        with pytest.raises(ValueError, match="is set by this program or its operator"):
            check_parameters({name: ""}, VERSION, "cnpg")
