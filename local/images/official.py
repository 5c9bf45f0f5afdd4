"""What the official images are, and what those are that stand for them: docs/images.md is made of it.

The official side was read in build files, whose source and date are named; nothing was run. A test compares the other
side with the catalog, so that whoever changes an image here looks at the official one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Contract:
    """How containers of an image start, and what they find; empty is what the image does not say."""

    user: str
    entrypoint: str
    command: str
    ports: str
    signal: str
    writable: str
    programs: str


@dataclass(frozen=True)
class Counterpart:
    """An official image and its stand-in; ``source`` is a repository, a file and a commit, ``read`` the date."""

    source: str
    read: str
    official: Contract
    embedded: Contract


def _label_studio(base: str, python: str) -> tuple[Contract, Contract]:
    writable = "`/label-studio/data`, `/opt/heartex/instance-data/etc`, `/tmp`"
    start = ("/label-studio/deploy/docker-entrypoint.sh", "label-studio", "8080", "")
    programs = "Python {}, nginx, uWSGI and Django in `/label-studio/.venv`, {}"
    official = Contract("1001", *start, writable, programs.format(python, base))
    return official, Contract("1001", *start, writable, "")


_OLDEST, _OLDEST_HERE = _label_studio("Debian, curl, gnupg", "3.12")
_NEWEST, _NEWEST_HERE = _label_studio("Alpine (musl, busybox), bash, curl, procps", "3.13")


def _with_programs(contract: Contract, programs: str) -> Contract:
    return Contract(**{**vars(contract), "programs": programs})


COUNTERPARTS: Mapping[str, Counterpart] = {
    "label_studio": Counterpart(
        "OpenTrain-AI/open-label-runtime `Dockerfile`@6d0b9a0, HumanSignal/label-studio `deploy/`@321ee1d",
        "2026-11-26",
        _NEWEST,
        _with_programs(
            _NEWEST_HERE,
            "Python 3.13 without `dbm.gnu`, nginx, uWSGI and Django in `/label-studio/.venv`, Debian 13 (glibc) with "
            "the commands that busybox has, bash; no curl",
        ),
    ),
    "label_studio_oldest": Counterpart(
        "opetitprestataire/label-studio `Dockerfile`@0a29d9f, HumanSignal/label-studio `deploy/`@758e0fd",
        "2026-11-26",
        _OLDEST,
        _with_programs(
            _OLDEST_HERE,
            "Python 3.12.1 with an OpenSSL 3.2.0 of its own, built without profile (slower) and without `dbm.gnu` and "
            "`dbm.ndbm`, nginx, uWSGI and Django in `/label-studio/.venv`, Debian 12; no curl, no gnupg",
        ),
    ),
    "postgresql": Counterpart(
        "docker-library/postgres `17/trixie/Dockerfile`@6edb0a8",
        "2026-11-26",
        Contract(
            "root, then 999",
            "docker-entrypoint.sh",
            "postgres",
            "5432",
            "SIGINT",
            "`/var/lib/postgresql/data`, `/var/run/postgresql`",
            "Debian 13, PostgreSQL 17 with LLVM (`jit`), `psql`, `pg_isready`, `pg_dump`, gosu, gnupg, less, zstd, "
            "locale en_US",
        ),
        Contract(
            "",
            "docker-entrypoint.sh",
            "postgres",
            "5432",
            "SIGINT",
            "`/var/lib/postgresql/data`, `/var/run/postgresql`",
            "Debian 13, PostgreSQL 17 without LLVM, `psql`, `pg_isready`, `pg_dump`, zstd, locale en_US",
        ),
    ),
    "cnpg_postgresql": Counterpart(
        "cloudnative-pg/postgres-containers `Dockerfile`@22f0691",
        "2026-11-26",
        Contract("26", "", "", "", "", "what the operator mounts", "PostgreSQL 17, pgaudit, pgvector, all locales"),
        Contract("26", "", "bash", "5432", "", "what the operator mounts", "PostgreSQL 17, locale en_US"),
    ),
    "valkey": Counterpart(
        "valkey-io/valkey-container `8.1/debian/Dockerfile`@00a2b21",
        "2026-11-26",
        Contract(
            "root, then 999",
            "docker-entrypoint.sh",
            "valkey-server",
            "6379",
            "",
            "`/data`",
            "Debian 13, Valkey with its own jemalloc, `valkey-cli`, links named `redis-*`",
        ),
        Contract(
            "",
            "docker-entrypoint.sh",
            "valkey-server",
            "6379",
            "",
            "`/data`",
            "Debian 13 without openssl, Valkey as Debian builds it, `valkey-cli`",
        ),
    ),
    "minio": Counterpart(
        "pgsty/silo `Dockerfile.goreleaser`@31ba01c",
        "2026-11-26",
        Contract(
            "root",
            "/usr/bin/docker-entrypoint.sh",
            "silo",
            "9000",
            "",
            "`/data`, never made",
            "Silo of 2026-09, bash, coreutils, curl, `mc`, `mcli`; no `minio`",
        ),
        Contract(
            "",
            "/usr/bin/docker-entrypoint.sh",
            "silo",
            "9000",
            "",
            "`/data`, never made",
            "MinIO as `silo`, `mc`, `mcli`, bash, coreutils; no curl",
        ),
    ),
    "minio_client": Counterpart(
        "pgsty/mc `Dockerfile.goreleaser`@02c0305",
        "2026-11-26",
        Contract("root", "/usr/bin/mc", "", "", "", "`/tmp`", "`mc`, bash, coreutils"),
        Contract("", "/usr/bin/mc", "", "", "", "`/tmp`", "`mc`, bash, coreutils"),
    ),
}
