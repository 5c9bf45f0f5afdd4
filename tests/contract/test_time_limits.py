"""Calls of the released packages of Label Studio to servers that take connections and stay silent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.label_studio.files.circuit_breakers import SHORT_SECONDS
from components.label_studio.files.time_limits import PAGE, REQUEST_SECONDS, WORKER
from tests.contract.label_studio import VERSIONS, probe

# Of a machine that has much to do.
SPARE_SECONDS = 2.0
AT_ONCE_SECONDS = 0.4


def silent(version: str, folder: Any, served: bool) -> Any:
    return probe(version, "limits", folder, served, SSRF_PROTECTION_ENABLED="false", ML_BLOCK_LOCAL_IP="false")


@pytest.fixture(scope="module", params=VERSIONS)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return silent(request.param, tmp_path_factory.mktemp("page"), True)


@pytest.mark.parametrize("call", ["storages", "resource", "uploads", "import"])
def test_a_silent_server_ends_each_call(page: Any, call: str) -> None:
    ended, seconds = page[call]
    assert "Timeout" in ended
    # The probe shortens the limit to half a second.
    attempts = PAGE["import from a URL" if call == "import" else "object store"].attempts
    assert 0.4 * attempts < seconds < attempts * (1 + SPARE_SECONDS)


def test_a_silent_database_is_noticed_within_its_limit(page: Any) -> None:
    ended, seconds = page["PostgreSQL"][0]
    assert ended == "OperationalError"
    assert seconds < PAGE["PostgreSQL"].connect + SPARE_SECONDS
    assert page["options"]["tcp_user_timeout"] == 1000 * PAGE["PostgreSQL"].read


def test_statements_of_requests_end_before_the_proxy_gives_up(page: Any) -> None:
    [[_, values]] = page["statements"]
    assert values == [f"{REQUEST_SECONDS}s"]


def test_a_model_server_is_asked_a_few_times_and_then_not_at_all(page: Any) -> None:
    *asked, refused = page["model servers"]
    assert all("timed out" in told and seconds < 1 + SPARE_SECONDS for told, seconds in asked)
    assert "model server does not answer" in refused[0]
    assert refused[1] < AT_ONCE_SECONDS


def test_nobody_waits_for_a_store_or_a_database_that_is_known_to_be_away(page: Any) -> None:
    for call, error in (("store again", "AwayError"), ("PostgreSQL", "OperationalError")):
        ended, seconds = page[call][1]
        assert (ended, seconds < AT_ONCE_SECONDS) == (error, True), call


def test_only_the_first_process_waits_for_its_connection_to_a_silent_database(page: Any) -> None:
    (first, waited), (second, at_once) = page["usable"]
    assert first == second == "False"
    assert waited >= SHORT_SECONDS > at_once


def test_the_page_is_ready_without_its_database_and_names_it(page: Any) -> None:
    found = page["page"]["/health"]
    assert (found["status"], found["seconds"] < AT_ONCE_SECONDS) == (200, True)
    assert json.loads(found["text"]) == {
        "status": "UP",
        "away": ["database (PostgreSQL)", "model server", "object store"],
    }


def test_people_and_programs_read_that_the_database_is_away(page: Any) -> None:
    for path in ("/user/login/", "/api/projects/"):
        found = page["page"][path]
        assert (found["status"], found["retry"]) == (503, "5"), found["text"]
        assert "database (PostgreSQL) does not answer" in found["text"]
        assert found["seconds"] < 5 + SPARE_SECONDS, "the first request loads all views"
    assert json.loads(page["page"]["/api/projects/"]["text"])["status_code"] == 503
    assert page["page"]["/user/login/"]["text"].startswith("<!DOCTYPE html>")


def test_jobs_wait_longer_and_their_statements_without_end(tmp_path: Any) -> None:
    worker = silent(VERSIONS[-1], tmp_path, False)
    assert worker["statements"] == []
    assert worker["options"]["tcp_user_timeout"] == 1000 * WORKER["PostgreSQL"].read
    assert worker["storages"][1] > 0.4 * WORKER["object store"].attempts
