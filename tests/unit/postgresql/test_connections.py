"""Label Studio at its most pods against the limit of each server that a stack may have."""

from __future__ import annotations

from typing import Any

import pytest

from components.settings.errors import SettingsError
from components.stack.compose import compose
from components.stack.database_connections import needed_connections
from tests.unit.operated_checks import JOB
from tests.unit.pod_checks import pod_of, variables
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import settings_of

UNLIMITED = {"postgresql": {"parameters": {"max_connections": "10000"}}}


def with_page(**label_studio: Any) -> dict[str, Any]:
    return {**UNLIMITED, "labelStudio": {"uwsgiProcesses": 4, **label_studio}}


@pytest.mark.parametrize(
    ("stack", "settings", "needed"),
    [
        # One pod and one that an update starts beside it, four processes each; two workers likewise.
        ("dev", with_page(), 2 * 4 + 2 * 11),
        ("dev", with_page(worker={"replicas": 4}), 2 * 4 + 5 * 11),
        ("dev", {**with_page(), "redis": {"backend": "none", "resources": None}}, 2 * 4 + 2 * 8),
        ("prod", with_page(), 8 * 4 + 2 * 11),
        ("prod", with_page(autoscaling={"maxReplicas": 20}), 25 * 4 + 2 * 11),
    ],
)
def test_what_pods_open_at_most(stack: str, settings: dict[str, Any], needed: int) -> None:
    assert needed_connections(settings_of(stack, settings)) == needed


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_committed_stacks_fit_the_servers_default(stack: str) -> None:
    assert needed_connections(settings_of(stack)) + 6 <= 100


MANY = {"autoscaling": {"maxReplicas": 20}, "uwsgiProcesses": 4}


@pytest.mark.parametrize("backend", ["cnpg", "zalando", "standalone"])
def test_a_server_of_the_stack_must_allow_them(backend: str) -> None:
    own = {"backend": backend, **({} if backend == "cnpg" else {"walStorage": None, "instances": None})}
    cluster = {"podSecurity": "baseline"}
    with pytest.raises(SettingsError, match=r"max_connections must be at least 128 .* write 128 instead of 100"):
        settings_of("prod", {"cluster": cluster, "postgresql": own, "labelStudio": MANY})
    enough = {**own, "parameters": {"max_connections": "128"}}
    settings_of("prod", {"cluster": cluster, "postgresql": enough, "labelStudio": MANY})


def test_a_limit_is_a_number() -> None:
    with pytest.raises(SettingsError, match="max_connections: must be a whole number"):
        settings_of("dev", {"postgresql": {"parameters": {"max_connections": "many"}}})


def test_the_job_of_another_server_is_told() -> None:
    password = {"secretName": "database", "secretKey": "password"}
    external = {
        "backend": "external",
        "host": "db.example.com",
        "password": password,
        "tls": {"mode": "require"},
        "addresses": ["203.0.113.10/32"],
    }
    dropped = dict.fromkeys(("storage", "resources", "instances", "walStorage"))
    settings = settings_of("prod", {"postgresql": {**dropped, **external}, "labelStudio": MANY})
    job = run_program(lambda: compose(settings)).one(JOB, "label-studio-postgresql-setup")
    assert needed_connections(settings) == 122
    assert variables(pod_of(job)["containers"][0])["CONNECTIONS"] == "122"
