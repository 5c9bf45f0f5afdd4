"""Which parameters a stack may set, and what keeps a server from starting although each value alone is good.

Sources: ``guc_tables.c``, the check hooks and ``postmaster.c`` of PostgreSQL 13 to 18; for CloudNativePG the fixed
parameters and the webhook of 1.30 (``pkg/postgres/configuration.go``, ``internal/webhook/v1/cluster_webhook.go``); for
Zalando's operator Patroni, whose ``CMDLINE_OPTIONS`` say what it sets itself and which values it replaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from .parameter_values import parse_bool

Backend = Literal["standalone", "cnpg", "zalando"]
Problem = tuple[str, str]
# The number, or None where the value is wrong: of a name that was given, or its default.
Number = Callable[[str], float | None]

# Listening, files, sockets, TLS, archive, recovery and replication follow from other settings. Libraries and programs
# by path are what the image has, and a server that does not find one does not start.
MANAGED = re.compile(
    r"listen_addresses|port|ssl(_.*)?|(data_directory|config|hba|ident)(_file)?|archive_.*|unix_socket_.*"
    r"|external_pid_file|stats_temp_directory|log_directory|log_file_mode|krb_server_keyfile|bonjour"
    r"|restore_command|recovery_(target.*|end_command|min_apply_delay)|promote_trigger_file|primary_.*"
    r"|synchronous_standby_names|synchronized_standby_slots"
    r"|jit_provider|dynamic_library_path|extension_control_path|(oauth_validator|output_plugin|local_preload)_libraries"
)
BY_OPERATOR: Mapping[Backend, re.Pattern[str]] = {
    "standalone": re.compile(r"(?!)"),
    "cnpg": re.compile(
        r"allow_alter_system|allow_system_table_mods|bonjour_name|cluster_name|cnpg\..*|data_sync_retry|event_source"
        r"|hot_standby|log_(destination|filename|rotation_age|rotation_size|truncate_on_rotation)|logging_collector"
        r"|pg_failover_slots\.(primary_dsn|standby_slot_names)|restart_after_crash|shared_preload_libraries"
        r"|syslog_.*|temp_tablespaces"
    ),
    "zalando": re.compile(r"cluster_name|hot_standby"),
}
# What servers are told unless the settings say otherwise. Label Studio opens a connection per request, and each would
# compile its costly queries again, which can take longer than they do. Measured once with Debian's PostgreSQL 15 (LLVM
# 14), each time in a new connection: a list of 50,000 tasks with six aggregates of their annotations and predictions,
# as the Data Manager asks for, took 237 ms without and 392 ms with it (best of six each; medians 359 and 731 ms).
DEFAULTS = {"jit": "off"}
# Patroni takes its default instead of a smaller number, or of one that is not written in digits.
LEAST_OF_PATRONI = {
    "max_connections": 25,
    "max_wal_senders": 3,
    "max_locks_per_transaction": 32,
    "max_replication_slots": 4,
    "max_worker_processes": 2,
}
# The sizes that CloudNativePG's webhook reads itself.
SIZE_OF_CNPG = re.compile(r"[0-9]+|[0-9]+(\.[0-9]+)? *[kMGT]B")

LIST = r"\s*(?:{word})(?:\s*,\s*(?:{word}))*\s*"
IDENTIFIER = r'[A-Za-z_][A-Za-z0-9_]{0,62}|"[^"]{1,63}"'
LOCALES = r"C|POSIX|C\.(?:UTF-8|utf8)|en_US\.(?:UTF-8|utf8)"


def _list(word: str) -> str:
    return LIST.format(word=word)


# What a text parameter may be, and the words for it. A server takes more, of which some needs files that its image does
# not have.
TEXTS: Mapping[str, tuple[str, str]] = {
    "lc_messages": (LOCALES, "C, POSIX, C.UTF-8 or en_US.UTF-8"),
    **dict.fromkeys(
        ("lc_monetary", "lc_numeric", "lc_time"), ("|" + LOCALES, "C, POSIX, C.UTF-8, en_US.UTF-8 or empty")
    ),
    **dict.fromkeys(
        ("application_name", "bonjour_name", "cluster_name", "event_source", "log_line_prefix", "syslog_ident"),
        (".*", "text"),
    ),
    **dict.fromkeys(
        ("session_preload_libraries", "shared_preload_libraries"),
        ("|" + _list(r"[a-z][a-z0-9_-]*"), "names of libraries, with commas between them"),
    ),
    "DateStyle": (r"(?i:(?:iso|sql|postgres|german)(?:\s*,\s*(?:mdy|dmy|ymd))?|mdy|dmy|ymd)", "such as ISO, DMY"),
    "backtrace_functions": (r"[A-Za-z0-9_, ]*", "names of C functions, with commas between them"),
    "client_encoding": (r"(?i:utf-?8)", "UTF8"),
    "createrole_self_grant": ("|" + _list("(?i:set|inherit)"), "set, inherit, both with a comma between them or empty"),
    "debug_io_direct": ("|" + _list("(?i:data|wal|wal_init)"), "data, wal and wal_init, with commas between them"),
    "default_table_access_method": (r"[a-z_][a-z0-9_]{0,62}", "the name of an access method such as heap"),
    "default_tablespace": (r"(?:[a-z_][a-z0-9_]{0,62})?", "the name of a tablespace or empty"),
    "default_text_search_config": (
        r"(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}",
        "the name of a configuration such as pg_catalog.english",
    ),
    "log_connections": (
        r"|"
        + _list("(?i:receipt|authentication|authorization|setup_durations|all)")
        + r"|(?i:on|off|true|false|yes|no|1|0)",
        "on, off or aspects such as receipt, authorization",
    ),
    "log_destination": ("|" + _list("(?i:stderr|csvlog|jsonlog|syslog)"), "stderr, csvlog, jsonlog or syslog"),
    "log_filename": (r"[A-Za-z0-9_%][A-Za-z0-9_%.-]*", "the name of a file such as postgresql-%a.log, without a path"),
    "restrict_nonsystem_relation_kind": ("|" + _list("(?i:view|foreign-table)"), "view and foreign-table, with commas"),
    "search_path": (
        "|" + _list(IDENTIFIER + r"|\"\$user\""),
        'names of schemas, with commas between them, such as "$user", public',
    ),
    "temp_tablespaces": ("|" + _list(IDENTIFIER), "names of tablespaces, with commas between them"),
    "timezone_abbreviations": ("Default|Australia|India", "Default, Australia or India"),
    "wal_consistency_checking": (
        "|" + _list("(?i:all|brin|btree|generic|gin|gist|hash|heap|heap2|sequence|spgist)"),
        "all or resource managers such as heap, btree",
    ),
}
ZONES = ("TimeZone", "log_timezone")
# What the server packages of every major version bring along; an image may have more.
LIBRARIES = ("auth_delay", "auto_explain", "passwordcheck", "pg_prewarm", "pg_stat_statements")
SLRU = re.compile(
    r"(commit_timestamp|multixact_member|multixact_offset|notify|serializable|subtransaction|transaction)_buffers"
)
ARCHIVED = ("replica", "logical")
SEGMENT_MB = 16
MOST_BACKENDS = 262143


def value_problem(name: str, value: str, version: int, backend: Backend, number: Number) -> str | None:
    """What is wrong with a value that PostgreSQL reads, or would read on another machine."""
    problems = [*_server_problems(name, value, version, number(name) or 0)]
    if backend == "cnpg":
        problems += _cnpg_problems(name, value)
    if backend == "zalando":
        problems += _patroni_problems(name, value, number(name) or 0)
    return next(iter(problems), None)


def _server_problems(name: str, value: str, version: int, size: float) -> Iterator[str]:
    if name == "huge_pages" and value.lower() in {"on", "true", "yes", "1"}:
        yield "must be try or off: the pods have no huge pages"
    if name == "max_stack_depth" and size > 7680:
        yield "must be at most 7680kB: the system limits the stack to 8MB, of which the server keeps 512kB"
    if name == "vacuum_buffer_usage_limit" and 0 < size < 128:
        yield "must be 0 or at least 128kB"
    if name in {"min_wal_size", "max_wal_size"} and size < 2 * SEGMENT_MB:
        yield "must be at least 32MB, two segments of the write-ahead log"
    if name == "log_destination" and "jsonlog" in value.lower() and version < 15:
        yield "has jsonlog, which needs PostgreSQL 15 or higher"
    if name == "io_max_concurrency" and size == 0:
        yield "must be -1 or at least 1"
    if SLRU.fullmatch(name) and size % 16:
        yield "must be a multiple of 16"


def _cnpg_problems(name: str, value: str) -> Iterator[str]:
    if name == "wal_level" and value not in ARCHIVED:
        yield "must be replica or logical: the operator archives and replicates"
    if name in {"shared_buffers", "min_wal_size", "max_wal_size"} and not SIZE_OF_CNPG.fullmatch(value):
        yield "must be digits with a unit, kB, MB, GB or TB, such as 256MB: CloudNativePG reads nothing else"
    if name == "wal_log_hints" and not parse_bool(value):
        yield "must be on: CloudNativePG rewinds a former primary with it"


def _patroni_problems(name: str, value: str, size: float) -> Iterator[str]:
    if name == "wal_level" and value not in ARCHIVED:
        yield "must be replica or logical: the operator archives and replicates"
    least = LEAST_OF_PATRONI.get(name)
    if least is not None and (not re.fullmatch("[0-9]+", value) or size < least):
        yield f"must be a whole number in digits, at least {least}: Patroni takes its default instead of others"
    if name == "wal_keep_size" and size < 16:
        yield "must be at least 16MB: Patroni takes its default instead of others"


def conflicts(
    values: Mapping[str, str], backend: Backend, number: Number, is_on: Callable[[str], bool]
) -> Iterator[Problem]:
    """Values that are good alone but keep a server from starting together; the first of a Problem was given."""

    def given(*names: str) -> str | None:
        return next((name for name in names if name in values), None)

    limit = _known(number, "max_connections", 100)
    reserved = _known(number, "superuser_reserved_connections", 3) + _known(number, "reserved_connections", 0)
    name = given("max_connections", "superuser_reserved_connections", "reserved_connections")
    if name and reserved >= limit:
        yield name, f"leaves no connection: {reserved} are reserved of {limit}, which is max_connections"
    senders, workers = _known(number, "max_wal_senders", 10), _known(number, "max_worker_processes", 8)
    name = given("max_connections", "max_worker_processes", "max_wal_senders", "autovacuum_max_workers")
    vacuum = _known(number, "autovacuum_max_workers", 3)
    if name and limit + workers + senders + vacuum + 1 > MOST_BACKENDS:
        yield name, f"is too high: connections, workers and WAL senders together must be less than {MOST_BACKENDS}"
    if values.get("wal_level", "").lower() == "minimal" and backend == "standalone":
        if senders:
            yield "wal_level", 'must be replica or logical; or write max_wal_senders: "0" with minimal'
        if is_on("summarize_wal"):
            yield "summarize_wal", "must be off where wal_level is minimal"
    parts = [name for name in ("log_parser_stats", "log_planner_stats", "log_executor_stats") if is_on(name)]
    if parts and is_on("log_statement_stats"):
        yield "log_statement_stats", f"must be off where {parts[0]} is on"
    least, most = _known(number, "min_wal_size", 80), _known(number, "max_wal_size", 1024)
    name = given("min_wal_size", "max_wal_size")
    if backend == "cnpg" and name and least >= most:
        yield name, f"min_wal_size, {least}MB, must be smaller than max_wal_size, {most}MB"


def _known(number: Number, name: str, default: int) -> int:
    value = number(name)
    return default if value is None else int(value)
