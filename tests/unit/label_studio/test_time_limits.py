"""The limits of calls to other services, and what the documentation says of them."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from components.label_studio.files import time_limits
from components.label_studio.files.time_limits import PAGE, WORKER, Limit
from components.limits import REQUEST_SECONDS
from local.paths import PROJECT
from tests.unit.label_studio.arguments import arguments, release_values

PAGE_OF_LIMITS = PROJECT / "docs" / "reliability.md"
# Seconds after which people read that PostgreSQL is away.
POSTGRESQL_SECONDS = 5


@pytest.fixture
def in_uwsgi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", Any)


def told(limit: Limit) -> str:
    return f"{limit.connect:g} / {limit.read:g} s" + (f", {limit.attempts} times" if limit.attempts > 1 else "")


@pytest.mark.parametrize("service", PAGE)
def test_the_documentation_has_each_limit(service: str) -> None:
    assert f"| {service} | {told(PAGE[service])} | {told(WORKER[service])} | " in PAGE_OF_LIMITS.read_text()


def test_page_and_workers_have_limits_for_the_same_services() -> None:
    assert PAGE.keys() == WORKER.keys()


@pytest.mark.parametrize("service", PAGE)
def test_the_request_lives_to_tell(service: str) -> None:
    limit = PAGE[service]
    assert limit.attempts * (limit.connect + limit.read) < REQUEST_SECONDS


@pytest.mark.usefixtures("in_uwsgi")
def test_requests_wait_less_than_jobs() -> None:
    options = time_limits.postgresql()
    assert options["connect_timeout"] + options["tcp_user_timeout"] / 1000 < POSTGRESQL_SECONDS
    assert options["connect_timeout"] >= 2, "libpq takes no less"
    client = time_limits.redis()
    assert (client["socket_connect_timeout"], client["socket_timeout"]) == (2, 3)


def test_a_worker_notices_a_silent_redis_although_it_waits_for_jobs() -> None:
    client = time_limits.redis()
    assert client["socket_timeout"] == WORKER["Redis"].read
    assert client["socket_keepalive_options"][socket.TCP_USER_TIMEOUT] == 1000 * WORKER["Redis"].read


def test_names_and_predictions_are_limited_too() -> None:
    variables = release_values(arguments())["global"]["extraEnvironmentVars"]
    assert variables["RES_OPTIONS"] == "timeout:1 attempts:2"
    limit = Limit(float(variables["ML_CONNECTION_TIMEOUT"]), float(variables["ML_TIMEOUT_PREDICT"]))
    assert limit == PAGE["model server"]


def test_a_server_ends_sessions_of_clients_that_are_gone_sooner_than_a_person_asks_why() -> None:
    parameters = time_limits.server_side()
    assert int(parameters["tcp_user_timeout"]) <= 30_000
    assert "statement_timeout" not in parameters, "jobs may take long"
