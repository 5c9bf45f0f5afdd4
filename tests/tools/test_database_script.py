"""The script that prepares a database, in a real shell, with a psql that writes down how it was called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.postgresql.setup import SCRIPT

FAKE_PSQL = """#!/bin/sh
printf '%s|%s\\n' "$PGUSER" "$*" >>"$CALLS"
case "$*" in
  *password*) cat >>"$CALLS.stdin" ;;
  *server_version_num*) echo "${VERSION:-170012}" ;;
  *count*) echo "${EXTENSIONS:-1}" ;;
  *max_connections*) echo "${ALLOWED:-97}" ;;
  *has_schema*) echo "${MAY_CREATE:-t}" ;;
  *datcollversion*) echo "$COLLATION" ;;
  *"SELECT 1"*) exit "${OPENS:-0}" ;;
esac
"""


def run_script(folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Runs the script with a psql that writes down how it was called."""
    for name, text in {"psql": FAKE_PSQL, "pg_isready": "#!/bin/sh\n", "sleep": "#!/bin/sh\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    calls = folder / "calls"
    variables = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "PGHOST": "db.example.com",
        "PGPORT": "5432",
        "DATABASE": "labelstudio",
        "OWNER": "labelstudio",
        "LOGIN": "labelstudio",
        "LOGIN_PASSWORD": "sentinel-owner",
        "MAJOR_VERSION": "13",
        **environment,
    }
    done = subprocess.run(["sh", "-c", SCRIPT], env=variables, capture_output=True, text=True, timeout=60, check=False)
    return done, calls.read_text()


AS_ADMIN = {"ADMIN": "cloudadmin", "ADMIN_PASSWORD": "sentinel-admin", "ADMIN_DATABASE": "postgres"}


def test_the_script_makes_everything_as_administrator(tmp_path: Path) -> None:
    done, calls = run_script(tmp_path, **AS_ADMIN)
    assert done.returncode == 0, done.stderr
    assert "cloudadmin|-X -q -v ON_ERROR_STOP=1 -d labelstudio -c CREATE EXTENSION" in calls
    assert "Database labelstudio is ready for labelstudio." in done.stdout


def test_no_password_is_on_a_command_line_or_in_the_output(tmp_path: Path) -> None:
    done, calls = run_script(tmp_path, **AS_ADMIN, OPENS="1")
    assert "sentinel" not in calls + done.stdout + done.stderr
    assert (tmp_path / "calls.stdin").read_text() == "sentinel-owner\nsentinel-owner\n"


def test_a_password_that_works_is_left_alone(tmp_path: Path) -> None:
    _, calls = run_script(tmp_path, **AS_ADMIN)
    assert "\\password" not in calls


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"OPENS": "1"}, "give postgresql.adminCredentials"),
        ({"VERSION": "120022"}, "Label Studio needs 13"),
        ({"MAJOR_VERSION": "18"}, "still has version number 170012, not 18"),
        ({"EXTENSIONS": "0"}, "CREATE EXTENSION pg_trgm;"),
        (
            {"COLLATION": "2.36, now 2.41"},
            "was made with collation version 2.36, now 2.41: its text indexes may be wrong.",
        ),
        ({"COLLATION": "2.36, now 2.41"}, 'REINDEX DATABASE "labelstudio"; ALTER DATABASE "labelstudio" REFRESH'),
        ({"MAY_CREATE": "f"}, "may not create tables"),
        ({"CONNECTIONS": "98"}, "lets labelstudio open 97 connections; Label Studio opens up to 98."),
        ({"CONNECTIONS": "30", "ALLOWED": "20"}, "or the limit of the role or database"),
    ],
)
def test_the_script_says_what_is_missing(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    done, calls = run_script(tmp_path, **{"CONNECTIONS": "97", **environment})
    assert done.returncode == 42
    assert words in done.stderr
    assert "cloudadmin" not in calls
