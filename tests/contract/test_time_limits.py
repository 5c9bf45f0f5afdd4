"""Calls of the released packages of Label Studio to servers that take connections and stay silent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.label_studio.files.circuit_breakers import SHORT_SECONDS
from components.label_studio.files.time_limits import PAGE, REQUEST_SECONDS, WORKER, server_side
from local.images import catalog
from tests.contract.label_studio import VERSIONS, probe
from tests.contract.minio import free_port
from tests.contract.servers import run_inside

# Within which a service that answers again counts as back: that of a question, and the pause before.
BACK_SECONDS = 5.0
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
    assert dict(zip(values[::2], values[1::2], strict=True))["statement_timeout"] == f"{REQUEST_SECONDS}s"


def test_a_model_server_is_asked_a_few_times_and_then_not_at_all(page: Any) -> None:
    *asked, refused = page["model servers"]
    assert all("timed out" in told and seconds < 1 + SPARE_SECONDS for told, seconds in asked)
    assert "model server does not answer" in refused[0]
    assert refused[1] < AT_ONCE_SECONDS


def test_nobody_waits_for_a_store_or_a_database_that_is_known_to_be_away(page: Any) -> None:
    for call, error in (("store again", "AwayError"), ("PostgreSQL", "OperationalError")):
        ended, seconds = page[call][1]
        assert (ended, seconds < AT_ONCE_SECONDS) == (error, True), call


@pytest.mark.parametrize(
    ("service", "error"), [("object store", "AwayError"), ("PostgreSQL", "OperationalError"), ("model server", "")]
)
def test_nobody_is_ever_the_one_who_asks_whether_it_is_back(page: Any, service: str, error: str) -> None:
    ended, waited = page["later"][service]
    assert ended == error or "model server does not answer" in ended
    assert waited < AT_ONCE_SECONDS


def test_what_answers_again_is_known_to_be_back_before_anybody_calls(page: Any) -> None:
    away, seconds = page["back"]
    assert away == []
    assert seconds < BACK_SECONDS


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
    [[_, values]] = worker["statements"]
    assert "statement_timeout" not in values
    assert worker["options"]["tcp_user_timeout"] == 1000 * WORKER["PostgreSQL"].read
    assert worker["storages"][1] > 0.4 * WORKER["object store"].attempts


SESSION = """
chown -R postgres:postgres .
cat > inner.sh <<'END'
initdb -D data -U postgres --no-sync --auth trust > /dev/null
pg_ctl -D data -w -o "-k /contract -c listen_addresses=127.0.0.1 -p PORT -F" -l server.log start > /dev/null
psql -X -q -h /contract -p PORT -U postgres -d postgres -c 'CREATE ROLE labelstudio LOGIN'
psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p PORT -U labelstudio -d postgres -f session.sql > answer 2>&1 || true
pg_ctl -D data -m fast -w stop > /dev/null
END
setpriv --reuid postgres --regid postgres --clear-groups env PATH=/usr/lib/postgresql/15/bin:$PATH sh -eu inner.sh
"""


def test_any_user_of_a_server_may_let_it_end_the_sessions_of_clients_that_are_gone(tmp_path: Path) -> None:
    parameters = server_side()
    # Asked of the kernel, whose answer is 0 where it did not take the value.
    asked = [f"SELECT set_config('{name}', '{value}', false);" for name, value in parameters.items()]
    asked += [f"SELECT setting FROM pg_settings WHERE name = '{name}';" for name in parameters]
    script = SESSION.replace("PORT", str(free_port()))
    folder = run_inside(catalog.POSTGRESQL_15, tmp_path / "postgresql", {"session.sql": "\n".join(asked)}, script)
    assert (folder / "answer").read_text().split()[len(parameters) :] == [*parameters.values()]
