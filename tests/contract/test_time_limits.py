"""Calls of the released packages of Label Studio to servers that take connections and stay silent."""

from __future__ import annotations

from typing import Any

import pytest

from components.label_studio.files.time_limits import PAGE, REQUEST_SECONDS, WORKER
from tests.contract.label_studio import VERSIONS, probe

# Of a machine that has much to do.
SPARE_SECONDS = 2.0


def silent(version: str, folder: Any, served: bool) -> Any:
    return probe(version, "limits", folder, served, SSRF_PROTECTION_ENABLED="false")


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
    ended, seconds = page["PostgreSQL"]
    assert ended == "OperationalError"
    assert seconds < PAGE["PostgreSQL"].connect + SPARE_SECONDS
    assert page["options"]["tcp_user_timeout"] == 1000 * PAGE["PostgreSQL"].read


def test_statements_of_requests_end_before_the_proxy_gives_up(page: Any) -> None:
    [[_, values]] = page["statements"]
    assert values == [f"{REQUEST_SECONDS}s"]


def test_a_model_server_is_connected_to_once(page: Any) -> None:
    failed, seconds = page["model server"]
    assert failed == "True"
    assert seconds < PAGE["model server"].connect + SPARE_SECONDS


def test_jobs_wait_longer_and_their_statements_without_end(tmp_path: Any) -> None:
    worker = silent(VERSIONS[-1], tmp_path, False)
    assert worker["statements"] == []
    assert worker["options"]["tcp_user_timeout"] == 1000 * WORKER["PostgreSQL"].read
    assert worker["storages"][1] > 0.4 * WORKER["object store"].attempts
