"""The queues that the module mounted into Label Studio makes of its variables."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.label_studio.files import time_limits
from components.label_studio.files.redis_queues import LONG, NAMES, queues


def default(**environment: str) -> dict[str, Any]:
    return queues(time_limits.redis(), environment)["default"]


def test_every_queue_is_on_the_same_server() -> None:
    found = queues(time_limits.redis(), {"REDIS_LOCATION": "redis://redis:6379/1"})
    assert tuple(found) == (*NAMES, LONG) == ("critical", "high", "default", "low", "long")
    assert all(queue == found["default"] for queue in found.values())


def test_the_documented_form() -> None:
    queue = default(REDIS_LOCATION="redis://redis.ls.svc:6380/3", REDIS_PASSWORD="from-secret")
    assert (queue["HOST"], queue["PORT"], queue["DB"], queue["PASSWORD"]) == ("redis.ls.svc", 6380, 3, "from-secret")
    assert "SSL" not in queue
    assert "USERNAME" not in queue


def test_port_and_database_have_defaults() -> None:
    queue = default(REDIS_LOCATION="redis://redis")
    assert (queue["PORT"], queue["DB"]) == (6379, 0)
    assert "PASSWORD" not in queue


@given(password=st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_a_password_in_the_location_survives_its_escaping(password: str) -> None:
    assert default(REDIS_LOCATION=f"redis://:{quote(password, safe='')}@redis:6379/1")["PASSWORD"] == password


def test_the_secret_s_password_goes_first() -> None:
    assert default(REDIS_LOCATION="redis://app:old@redis/1", REDIS_PASSWORD="new")["PASSWORD"] == "new"
    assert default(REDIS_LOCATION="redis://app:old@redis/1")["USERNAME"] == "app"


@pytest.mark.parametrize(
    ("requirement", "expected", "checks_host"),
    [("required", "required", True), ("optional", "optional", False), ("", "none", False), (None, "none", False)],
)
def test_certificates(requirement: str | None, expected: str, checks_host: bool) -> None:
    environment = {"REDIS_LOCATION": "rediss://redis:6379/1", "REDIS_SSL_CA_CERTS": "/ca.crt"}
    if requirement is not None:
        environment["REDIS_SSL_CERTS_REQS"] = requirement
    queue = queues(time_limits.redis(), environment)["low"]
    assert queue["SSL"] is True
    assert queue["SSL_CERT_REQS"] == expected
    assert queue["REDIS_CLIENT_KWARGS"]["ssl_ca_certs"] == "/ca.crt"
    assert queue["REDIS_CLIENT_KWARGS"]["ssl_check_hostname"] is checks_host
    assert "ssl_certfile" not in queue["REDIS_CLIENT_KWARGS"]


def test_a_client_certificate() -> None:
    queue = default(REDIS_LOCATION="rediss://redis/1", REDIS_SSL_CERTFILE="/tls.crt", REDIS_SSL_KEYFILE="/tls.key")
    assert queue["REDIS_CLIENT_KWARGS"]["ssl_certfile"] == "/tls.crt"
    assert queue["REDIS_CLIENT_KWARGS"]["ssl_keyfile"] == "/tls.key"


def test_a_server_that_is_away_is_not_waited_for_long() -> None:
    assert default(REDIS_LOCATION="redis://redis/1")["REDIS_CLIENT_KWARGS"]["socket_connect_timeout"] <= 10


def test_an_export_may_take_longer_than_three_minutes() -> None:
    assert default(REDIS_LOCATION="redis://redis/1")["DEFAULT_TIMEOUT"] == 3600
