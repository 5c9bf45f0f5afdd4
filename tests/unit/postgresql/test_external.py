"""A PostgreSQL server of somebody else: the job that prepares or checks it, and its script."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.connections import OtherNamespace, Outside, Peer, PostgresTls, SecretKey
from components.kubernetes.context import StackContext
from components.postgresql import ExternalPostgres, PostgreSQL
from components.postgresql.settings import AdminCredentials, PostgresClientTls
from components.postgresql.setup import SCRIPT
from components.settings.base import SecretReference
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables
from tests.unit.pulumi_mocks import Program, resolve, run_program

JOB = "kubernetes:batch/v1:Job"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ADMIN = AdminCredentials(
    user="cloudadmin", password=SecretReference(secret_name="database-admin", secret_key="password")
)


def deploy(connections: int = 0, network_policies: bool = True, **overrides: Any) -> Program:
    values: dict[str, Any] = {
        "backend": "external",
        "host": "db.example.com",
        "password": SecretReference(secret_name="database", secret_key="password"),
        "tls": None,
        "addresses": ("10.0.0.7/32",),
    }
    settings = ExternalPostgres(**{**values, **overrides})

    def program() -> PostgreSQL:
        context = StackContext(namespace=pulumi.Output.from_input("stack"), network_policies=network_policies)
        return PostgreSQL("db", settings, context, connections=connections)

    return run_program(program)


def test_nothing_is_made_but_the_job_and_its_way_out() -> None:
    program = deploy()
    assert sorted(r.type for r in program) == [
        "kubernetes:batch/v1:Job",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "label-studio:postgresql:PostgreSQL",
    ]
    egress = program.one(POLICY).inputs["spec"]["egress"]
    assert egress == [{"to": [{"ipBlock": {"cidr": "10.0.0.7/32"}}], "ports": [{"protocol": "TCP", "port": 5432}]}]


def test_without_an_address_there_is_no_policy_to_be_had() -> None:
    with pytest.raises(ValueError, match="give the connection its peer"):
        deploy(addresses=None)
    assert not deploy(addresses=None, network_policies=False).all(POLICY)


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("10.0.0.9", Outside(["10.0.0.9/32"], 6432)),
        ("db.databases.svc.cluster.local", OtherNamespace("databases")),
    ],
)
def test_a_host_may_tell_where_it_is(host: str, peer: Peer) -> None:
    assert deploy(host=host, port=6432, addresses=None).result.connection.peer == peer


def test_the_server_may_be_one_of_the_same_program() -> None:
    password = SecretReference(secret_name=pulumi.Output.from_input("made"), secret_key="password")
    program = deploy(host=pulumi.Output.from_input("made.example.com"), password=password)
    environment = variables(pod_of(program.one(JOB))["containers"][0])
    assert environment["PGHOST"] == "made.example.com"
    assert environment["OWNER_PASSWORD"] == ("made", "password")
    assert program.one("label-studio:postgresql:PostgreSQL").inputs["host"] == "made.example.com"
    assert resolve(program.result.connection.host) == "made.example.com"


def test_the_job_is_told_how_many_connections_are_needed() -> None:
    assert variables(pod_of(deploy(connections=51).one(JOB))["containers"][0])["CONNECTIONS"] == "51"
    assert "CONNECTIONS" not in variables(pod_of(deploy().one(JOB))["containers"][0])


def test_without_an_administrator_the_job_only_checks() -> None:
    environment = variables(pod_of(deploy().one(JOB))["containers"][0])
    assert "ADMIN" not in environment and "ADMIN_PASSWORD" not in environment
    assert environment["OWNER_PASSWORD"] == ("database", "password")


def test_with_an_administrator_the_job_gets_that_password_by_reference() -> None:
    environment = variables(pod_of(deploy(admin_credentials=ADMIN).one(JOB))["containers"][0])
    assert environment["ADMIN"] == "cloudadmin"
    assert environment["ADMIN_DATABASE"] == "postgres"
    assert environment["ADMIN_PASSWORD"] == ("database-admin", "password")


def test_the_ca_reaches_the_job() -> None:
    tls = PostgresClientTls(mode="verify-full", ca=SecretReference(secret_name="db-ca", secret_key="root.pem"))
    program = deploy(tls=tls, port=6432)
    pod = pod_of(program.one(JOB))
    assert_restricted(pod)
    assert_mounts_exist(pod)
    environment = variables(pod["containers"][0])
    assert environment["PGSSLMODE"] == "verify-full"
    assert environment["PGSSLROOTCERT"] == "/etc/postgresql-ca/ca.crt"
    assert environment["PGPORT"] == "6432"
    assert {"key": "root.pem", "path": "ca.crt"} in pod["volumes"][1]["secret"]["items"]
    assert program.result.connection.tls == PostgresTls("verify-full", SecretKey("db-ca", "root.pem"))


def test_the_message_of_the_script_reaches_whoever_waits() -> None:
    container = pod_of(deploy().one(JOB))["containers"][0]
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


FAKE_PSQL = """#!/bin/sh
printf '%s|%s\\n' "$PGUSER" "$*" >>"$CALLS"
case "$*" in
  *password*) cat >>"$CALLS.stdin" ;;
  *server_version_num*) echo "${VERSION:-170012}" ;;
  *count*) echo "${EXTENSIONS:-1}" ;;
  *max_connections*) echo "${ALLOWED:-97}" ;;
  *has_schema*) echo "${MAY_CREATE:-t}" ;;
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
        "OWNER_PASSWORD": "sentinel-owner",
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
