"""The job before a release, in the released packages of Label Studio, on databases that either of them migrated."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from components.label_studio.files.release_check import ADVICE, REFUSED, UNREACHABLE
from tests.contract.label_studio import VERSIONS, probe, run_mounted

FILE = "release_check.py"
OLD, NEW = VERSIONS
UNTOUCHED = "The running page was not changed."


@pytest.mark.parametrize("version", VERSIONS)
def test_a_release_is_let_onto_its_own_database(version: str, tmp_path: Path) -> None:
    probe(version, "migrations", tmp_path, None)
    checked = run_mounted(version, FILE, tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert f"Label Studio {version} starts; 0 migrations to apply." in checked.stdout


def test_an_upgrade_is_let_through_and_says_what_it_will_migrate(tmp_path: Path) -> None:
    before = probe(OLD, "migrations", tmp_path, None)
    checked = run_mounted(NEW, FILE, tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "migrations to apply: " in checked.stdout
    # None was applied.
    again = run_mounted(OLD, FILE, tmp_path)
    assert again.returncode == 0, again.stderr
    assert before > 0


def test_migrations_without_a_backup_are_refused_once_somebody_works_there(tmp_path: Path) -> None:
    probe(OLD, "migrations", tmp_path, None)
    told = {ADVICE: "write postgresql.upgradeBackup: mine once you have made one"}
    abandoned = run_mounted(NEW, FILE, tmp_path, **told)
    assert abandoned.returncode == 0, abandoned.stderr
    with sqlite3.connect(tmp_path / "label_studio.sqlite3") as database:
        database.executescript("CREATE TABLE htx_user (id integer); INSERT INTO htx_user VALUES (1)")
    refused = run_mounted(NEW, FILE, tmp_path, **told)
    assert refused.returncode == REFUSED
    [*_, reason] = refused.stderr.splitlines()
    assert reason.startswith(f"Label Studio {NEW} would migrate the database (")
    assert reason.endswith(f"this stack makes no backup of it; {told[ADVICE]}. {UNTOUCHED}")
    same = run_mounted(OLD, FILE, tmp_path, **told)
    assert same.returncode == 0, same.stderr


def test_a_downgrade_is_refused_with_the_way_back(tmp_path: Path) -> None:
    probe(NEW, "migrations", tmp_path, None)
    checked = run_mounted(OLD, FILE, tmp_path)
    assert checked.returncode == REFUSED
    [*_, reason] = checked.stderr.splitlines()
    assert reason.startswith(f"Label Studio {OLD} is older than this database, which has the migrations core.0003_")
    assert "docs/backup.md" in reason and reason.endswith(UNTOUCHED)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_setting_that_stops_the_page_is_named(version: str, tmp_path: Path) -> None:
    checked = run_mounted(version, FILE, tmp_path, SESSION_COOKIE_SECURE="true")
    assert checked.returncode == REFUSED
    [*_, reason] = checked.stderr.splitlines()
    assert reason.startswith(f"Label Studio {version} does not start with these settings: ValueError: ")
    assert "'true'" in reason and reason.endswith(UNTOUCHED)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_that_does_not_answer_is_tried_again(version: str, tmp_path: Path) -> None:
    checked = run_mounted(version, FILE, tmp_path, POSTGRE_HOST="127.0.0.1", POSTGRE_PORT="1", POSTGRE_PASSWORD="key")
    assert checked.returncode == UNREACHABLE
    [*_, reason] = checked.stderr.splitlines()
    assert reason.startswith("Label Studio cannot open its database: ") and reason.endswith(UNTOUCHED)
    assert "refused" in reason
