"""A PostgreSQL server of somebody else: the job that prepares or checks it, and its script."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.connections import OtherNamespace, Outside, Peer, PostgresTls, SecretKey
from components.kubernetes.context import StackContext
from components.postgresql import ExternalPostgres, PostgreSQL
from components.postgresql.settings import AdminCredentials, PostgresClientTls
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
    assert environment["LOGIN_PASSWORD"] == ("made", "password")
    assert program.one("label-studio:postgresql:PostgreSQL").inputs["host"] == "made.example.com"
    assert resolve(program.result.connection.host) == "made.example.com"


def test_the_job_is_told_how_many_connections_are_needed() -> None:
    assert variables(pod_of(deploy(connections=51).one(JOB))["containers"][0])["CONNECTIONS"] == "51"
    assert "CONNECTIONS" not in variables(pod_of(deploy().one(JOB))["containers"][0])


def test_without_an_administrator_the_job_only_checks() -> None:
    environment = variables(pod_of(deploy().one(JOB))["containers"][0])
    assert "ADMIN" not in environment and "ADMIN_PASSWORD" not in environment
    assert environment["LOGIN_PASSWORD"] == ("database", "password")


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
