"""Which parameters are refused, for which version and backend, and with which words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.postgresql.parameter_rules import MANAGED, TEXTS, ZONES, Backend
from components.postgresql.parameters import (
    check_parameters,
    fact_of,
    parameter_bytes,
    parameter_number,
    table,
    versions,
)
from components.postgresql.settings import PostgresSettings
from tests.unit.settings_checks import accept, refusal

SECRET = "hunter2"
REFUSED: list[tuple[Backend, int, dict[str, str], str]] = [
    (
        "standalone",
        17,
        {"max_conections": "200"},
        "max_conections is not a parameter of PostgreSQL 17; did you mean max_con",
    ),
    ("standalone", 17, {"xyzzy": "1"}, "xyzzy is not a parameter of PostgreSQL 17"),
    ("standalone", 17, {"io_workers": "3"}, "io_workers is a parameter of PostgreSQL 18, not of 17"),
    ("standalone", 17, {"force_parallel_mode": "on"}, "is a parameter of PostgreSQL 13 to 15, not of 17"),
    ("standalone", 17, {"max_connections": SECRET}, "max_connections must be a whole number without a unit"),
    ("standalone", 17, {"work_mem": "64 Megs"}, "work_mem must be a whole number with a unit, TB, GB, MB, kB or B"),
    (
        "standalone",
        17,
        {"statement_timeout": "1 minute"},
        "d, h, min, s, ms or us, such as 30s; without one it counts ms",
    ),
    ("standalone", 17, {"work_mem": "1kB"}, "work_mem must be from 64 to 2147483647 kB"),
    ("standalone", 17, {"shared_buffers": "64kB"}, "must be from 16 to 1073741823 blocks of 8kB"),
    ("standalone", 17, {"log_statement": "everything"}, "log_statement must be all, ddl, mod or none"),
    ("standalone", 17, {"wal_compression": "gzip"}, "must be lz4, off, on, pglz or zstd"),
    ("standalone", 14, {"wal_compression": "zstd"}, "wal_compression must be on or off"),
    ("standalone", 17, {"jit": "o"}, "jit must be on or off"),
    ("standalone", 18, {"io_method": "io_uring"}, "io_method must be sync or worker"),
    ("standalone", 17, {"block_size": "8192"}, "block_size cannot be set: the server sets it itself"),
    ("standalone", 17, {"data_checksums": "on"}, "data_checksums cannot be set"),
    ("standalone", 17, {"PORT": "1"}, "PORT is set by this program or its operator; remove it"),
    ("standalone", 17, {"unix_socket_directories": "/x"}, "is set by this program or its operator"),
    ("standalone", 17, {"restore_command": "cp"}, "is set by this program or its operator"),
    ("standalone", 17, {"timezone": "Mars"}, "timezone must be the name of a time zone such as"),
    ("standalone", 17, {"lc_messages": "tlh"}, "must be C, POSIX, C.UTF-8 or en_US.UTF-8"),
    ("standalone", 17, {"log_filename": "../x"}, "without a path"),
    ("standalone", 17, {"shared_preload_libraries": "auto_explan"}, "did you mean auto_explain?"),
    ("standalone", 17, {"application_name": "a\0"}, "must be one line without control characters"),
    ("standalone", 17, {f"{SECRET} x": "1"}, "a key is not the name of a PostgreSQL parameter"),
    ("standalone", 17, {"a.b.c": "1"}, "a key is not the name of a PostgreSQL parameter"),
    ("standalone", 14, {"log_destination": "jsonlog"}, "has jsonlog, which needs PostgreSQL 15 or higher"),
    ("standalone", 17, {"huge_pages": "on"}, "must be try or off: the pods have no huge pages"),
    ("standalone", 17, {"max_stack_depth": "8MB"}, "must be at most 7680kB"),
    ("standalone", 17, {"vacuum_buffer_usage_limit": "1kB"}, "must be 0 or at least 128kB"),
    ("standalone", 18, {"io_max_concurrency": "0"}, "must be -1 or at least 1"),
    ("standalone", 17, {"notify_buffers": "17"}, "must be a multiple of 16"),
    ("standalone", 17, {"min_wal_size": "16MB"}, "must be at least 32MB"),
    ("standalone", 17, {"max_connections": "3"}, "leaves no connection: 3 are reserved of 3, which is max_connections"),
    ("standalone", 17, {"max_connections": "262143"}, "is too high: connections, workers and WAL senders together"),
    ("standalone", 17, {"wal_level": "minimal"}, 'must be replica or logical; or write max_wal_senders: "0" with'),
    (
        "standalone",
        17,
        {"wal_level": "minimal", "max_wal_senders": "0", "summarize_wal": "on"},
        "summarize_wal must be off where wal_level is minimal",
    ),
    (
        "standalone",
        17,
        {"log_statement_stats": "on", "log_parser_stats": "on"},
        "log_statement_stats must be off where log_parser_stats is on",
    ),
    ("cnpg", 17, {"shared_preload_libraries": "x"}, "is set by this program or its operator"),
    ("cnpg", 17, {"hot_standby": "on"}, "is set by this program or its operator"),
    ("cnpg", 17, {"cnpg.config_sha256": "x"}, "is set by this program or its operator"),
    ("cnpg", 17, {"shared_buffers": "0x10MB"}, "CloudNativePG reads nothing else"),
    ("cnpg", 17, {"wal_log_hints": "off"}, "must be on: CloudNativePG rewinds a former primary with it"),
    ("cnpg", 17, {"wal_level": "archive"}, "must be replica or logical: the operator archives"),
    ("cnpg", 17, {"min_wal_size": "2GB"}, "min_wal_size, 2048MB, must be smaller than max_wal_size, 1024MB"),
    ("zalando", 17, {"hot_standby": "on"}, "is set by this program or its operator"),
    ("zalando", 17, {"max_connections": "20"}, "must be a whole number in digits, at least 25: Patroni takes"),
    ("zalando", 17, {"wal_keep_size": "15MB"}, "must be at least 16MB: Patroni takes its default"),
    ("zalando", 17, {"wal_level": "minimal"}, "must be replica or logical: the operator archives"),
]


@pytest.mark.parametrize(("backend", "version", "values", "words"), REFUSED, ids=[words for *_, words in REFUSED])
def test_refused_with_the_reason(backend: Backend, version: int, values: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        check_parameters(values, version, backend)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("backend", ["standalone", "cnpg", "zalando"])
@pytest.mark.parametrize("version", [13, 14, 15, 16, 17, 18, 19])
def test_what_works_everywhere_passes(backend: Backend, version: int) -> None:
    values = {
        "max_connections": "200",
        "shared_buffers": "64 MB",
        "work_mem": "16MB",
        "statement_timeout": "1min",
        "log_statement": "DDL",
        "jit": "FALSE",
        "random_page_cost": "1.1",
        "TimeZone": "Europe/Zurich",
        "timezone": "UTC",
        "pg_stat_statements.max": "5000",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
    check_parameters(values, version, backend)


def test_a_newer_version_may_have_more_parameters_but_no_slips() -> None:
    check_parameters({"brand_new_switch": "on"}, versions()[-1] + 1, "standalone")
    with pytest.raises(ValueError, match="did you mean max_connections"):
        check_parameters({"max_conections": "1"}, versions()[-1] + 1, "standalone")


def test_every_bad_parameter_has_a_line() -> None:
    with pytest.raises(ValueError, match="jit") as caught:
        check_parameters({"jit": "maybe", "work_mem": "x"}, 17, "standalone")
    assert len(str(caught.value).splitlines()) == 2


def test_every_text_is_decided() -> None:
    texts = {name for name, facts in table().items() for fact in facts if fact.type == "string"}
    internal = {name for name in texts if all(fact.context == "internal" for fact in table()[name])}
    decided = {name for name in texts if MANAGED.fullmatch(name.lower())} | TEXTS.keys() | {*ZONES}
    assert texts - internal - decided == set()
    assert {name for name in TEXTS if name not in table()} == set()


def test_the_table_has_every_version_without_a_gap() -> None:
    assert versions() == [13, 14, 15, 16, 17, 18]
    assert all(fact_of("max_connections", version) for version in versions())


@pytest.mark.parametrize(
    ("name", "value", "size"),
    [
        ("shared_buffers", "16384", 134217728),
        ("shared_buffers", "64 MB", 67108864),
        ("shared_buffers", "1.5GB", 1610612736),
        ("work_mem", "4096", 4194304),
        ("max_wal_size", "1GB", 1073741824),
        ("track_activity_query_size", "2kB", 2048),
    ],
)
def test_amounts_of_memory_in_bytes(name: str, value: str, size: int) -> None:
    assert parameter_bytes(name, value, 17) == size


@given(st.integers(min_value=1, max_value=262143))
def test_numbers_are_read_in_each_spelling(number: int) -> None:
    for text in (str(number), hex(number), f"0{number:o}", f" {number} ", f"{number}.4", f"{number}e0"):
        assert parameter_number("max_connections", text, 17) == number


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    for name in ("max_connections", "work_mem", "random_page_cost", "jit", "log_statement", "DateStyle", text):
        try:
            check_parameters({name: text}, 17, "standalone")
        except ValueError as error:
            assert str(error)


def test_numbers_and_truth_values_of_yaml_are_texts() -> None:
    given = {"backend": "standalone", "parameters": {"max_connections": 200, "jit": False, "random_page_cost": 1.1}}
    expected = {"max_connections": "200", "jit": "off", "random_page_cost": "1.1"}
    assert accept(PostgresSettings, given).parameters == expected


def test_an_error_is_at_its_parameter_and_repeats_no_value() -> None:
    given = {"backend": "cnpg", "version": 16, "parameters": {"work_mem": SECRET, "pg_stat_statements.max": "1"}}
    line = refusal(PostgresSettings, given)
    assert line.startswith("section.parameters.work_mem: must be a whole number with a unit")
    assert SECRET not in line


def test_a_name_with_a_dot_that_pulumi_took_for_a_path_is_told() -> None:
    given = {"backend": "standalone", "parameters": {"pg_stat_statements": {"max": 5000}}}
    assert 'such as parameters["pg_stat_statements.max"]' in refusal(PostgresSettings, given)
