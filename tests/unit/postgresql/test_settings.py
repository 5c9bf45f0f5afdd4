"""Which settings of the database are refused, and with which words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.postgresql.settings import PostgresSettings
from tests.unit.settings_checks import accept, refusal

SECRET = {"secretName": "database", "secretKey": "password"}
BACKUP = {"destinationPath": "s3://backups/label-studio"}


def standalone(**values: Any) -> dict[str, Any]:
    return {"backend": "standalone", **values}


def cnpg(**values: Any) -> dict[str, Any]:
    return {"backend": "cnpg", **values}


def zalando(**values: Any) -> dict[str, Any]:
    return {"backend": "zalando", **values}


def external(**values: Any) -> dict[str, Any]:
    return {"backend": "external", "host": "db.example.com", "password": SECRET, "tls": None, **values}


@pytest.mark.parametrize("settings", [standalone(), cnpg(), zalando(), external()])
def test_the_backend_alone_is_enough_where_everything_else_can_be_chosen(settings: dict[str, Any]) -> None:
    assert accept(PostgresSettings, settings).database == "labelstudio"


def test_every_field_says_what_it_is_for() -> None:
    for backend in (standalone(), cnpg(), zalando(), external()):
        for name, field in type(accept(PostgresSettings, backend)).model_fields.items():
            assert name == "backend" or field.description, name


REFUSED = [
    ({}, "backend"),
    ({"backend": "mysql"}, "standalone"),
    (standalone(version=12), "must be 13 or higher: Label Studio needs extensions"),
    (cnpg(version=9), "must be 13 or higher"),
    (standalone(database="postgres"), "belongs to the server itself"),
    (standalone(database="Label-Studio"), "lower-case letters, digits and '_'"),
    (standalone(user="postgres"), "never works as a superuser"),
    (standalone(user="pg_reader"), "must not be public or none or begin with pg_"),
    (standalone(user="x" * 64), "at most 63"),
    (standalone(storage={"size": "10 GB"}), "must be a number of bytes with a unit"),
    (standalone(storage={"size": "0Gi"}), "must be at least 100Mi"),
    (standalone(parameters={"max_connections; DROP": "1"}), "must be the name of a PostgreSQL parameter"),
    (standalone(parameters={"max_connections": "1\nssl=off"}), "parameters.max_connections: must be one line"),
    (standalone(parameters={"listen_addresses": "*"}), "parameters.listen_addresses: is set by this program"),
    (standalone(parameters={"ssl_cert_file": "/x"}), "parameters.ssl_cert_file: is set by this program"),
    (standalone(instances=3), "instances: is not a known key"),
    (standalone(tls={"secretName": "Not A Name"}), "must be a Kubernetes object name"),
    (cnpg(instances=0), "greater than or equal to 1"),
    (cnpg(instances=3, synchronousReplicas=3), "must be smaller than instances (3)"),
    (cnpg(backup={"destinationPath": "https://s3.example.com/backups"}), "such as s3://backups/label-studio"),
    (cnpg(backup={**BACKUP, "schedule": "0 3 * * *"}), "must be six cron fields, seconds first"),
    (cnpg(backup={**BACKUP, "schedule": "0 0 3 * * ;"}), "must be six cron fields"),
    (cnpg(backup={**BACKUP, "retention": "30"}), "days, weeks or months, such as 30d"),
    (cnpg(backup={**BACKUP, "endpoint": "s3.example.com"}), "must be the URL of an S3 server"),
    (cnpg(backup={**BACKUP, "endpoint": "https://key:secret@s3.example.com"}), "must not contain credentials"),
    (cnpg(backup={**BACKUP, "credentials": {"accessKeyId": SECRET}}), "secretAccessKey"),
    (cnpg(backup={**BACKUP, "serverName": "../other"}), "must be at most 63 letters, digits"),
    (cnpg(restore={"serverName": "db"}), "destinationPath"),
    (cnpg(restore={**BACKUP, "retention": "30d"}), "is not a known key"),
    (cnpg(restore={**BACKUP, "targetTime": "yesterday"}), "must be a time with its zone as in RFC 3339"),
    (cnpg(restore={**BACKUP, "targetTime": "2026-02-30T04:15:00Z"}), "must be a time with its zone"),
    (cnpg(restore={**BACKUP, "targetTime": "2026-01-23T04:15:00"}), "must be a time with its zone"),
    (cnpg(restore={**BACKUP, "targetTime": "2999-01-23T04:15:00Z"}), "must not be in the future"),
    (cnpg(backup=BACKUP, restore=BACKUP), "write a serverName of its own in backup"),
    (cnpg(backup=BACKUP, restore={"destinationPath": "s3://backups/label-studio/"}), "archive that restore reads"),
    (zalando(secretNameTemplate="{username}.credentials"), "must contain {username} and {cluster}"),
    (zalando(secretNameTemplate="{username}.{cluster}.{team}"), "may only contain {cluster}, {tprgroup}"),
    (zalando(teamId="ACID"), "lower-case letters"),
    (zalando(flavor="crunchy"), "'upstream' or 'alauda'"),
    (external(host="postgres://db.example.com"), "no scheme, user, port or path"),
    (external(host="db-1,db-2"), "must be one host"),
    (external(host="db.example.com:5432"), "without a port"),
    (external(port=0), "greater than or equal to 1"),
    (external(password="hunter2"), "password"),
    (external(tls={"mode": "verify-full"}), "needs ca, the Secret with the CA certificate"),
    (external(tls={"mode": "disable"}), "'require', 'verify-ca' or 'verify-full'"),
    (external(adminCredentials={"user": "postgres", "password": "hunter2"}), "password"),
]


@pytest.mark.parametrize(("settings", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused_with_the_reason(settings: dict[str, Any], words: str) -> None:
    message = refusal(PostgresSettings, settings)
    assert words in message
    assert "hunter2" not in message and "key:secret" not in message


@pytest.mark.parametrize(
    "restore",
    [
        {**BACKUP, "serverName": "label-studio-postgresql"},
        {"destinationPath": "s3://backups/elsewhere"},
        {**BACKUP, "endpoint": "https://s3.elsewhere.example.com"},
    ],
)
def test_a_restored_cluster_is_backed_up_elsewhere_or_under_another_name(restore: dict[str, Any]) -> None:
    assert accept(PostgresSettings, cnpg(backup=BACKUP, restore=restore)).restore


def test_an_external_server_without_tls_has_to_be_written_out() -> None:
    settings = external()
    del settings["tls"]
    assert "tls" in refusal(PostgresSettings, settings)
    assert accept(PostgresSettings, external(tls=None)).tls is None


@given(st.from_regex(r"\A[a-z_][a-z0-9_]{0,62}\Z"))
def test_every_plain_identifier_is_a_database(name: str) -> None:
    if name not in {"postgres", "template0", "template1"}:
        assert accept(PostgresSettings, standalone(database=name)).database == name


@given(st.text(min_size=1, max_size=70))
def test_nothing_else_is_a_database(name: str) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        refusal(PostgresSettings, standalone(database=name))


@given(st.integers(min_value=1, max_value=9), st.integers(min_value=0, max_value=8))
def test_there_are_fewer_synchronous_replicas_than_instances(instances: int, synchronous: int) -> None:
    settings = cnpg(instances=instances, synchronousReplicas=synchronous)
    if synchronous < instances:
        assert accept(PostgresSettings, settings).synchronous_replicas == synchronous
    else:
        refusal(PostgresSettings, settings)
