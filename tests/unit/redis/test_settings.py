"""Which settings of Redis are refused, and with which words; the URL above all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.redis.settings import RedisSettings
from components.settings.grammars.hosts import is_host
from components.settings.grammars.redis import RedisAddress, parse_redis_url
from tests.unit.settings_checks import accept, refusal

SECRET = {"secretName": "redis-secret"}
SSL = {"redisSslSecretName": "redis-ssl-secret"}


def external(url: str = "redis://redis.example.com:6379/1", **values: Any) -> dict[str, Any]:
    return {"backend": "external", "url": url, **values}


def standalone(**values: Any) -> dict[str, Any]:
    return {"backend": "standalone", **values}


@pytest.mark.parametrize("settings", [standalone(), {"backend": "alauda"}, external(), {"backend": "none"}])
def test_the_backend_alone_is_enough_where_everything_else_can_be_chosen(settings: dict[str, Any]) -> None:
    assert accept(RedisSettings, settings).backend == settings["backend"]


def test_every_field_says_what_it_is_for() -> None:
    for settings in (standalone(), {"backend": "alauda"}, external(ssl=SSL)):
        model = accept(RedisSettings, settings)
        for name, field in type(model).model_fields.items():
            assert name == "backend" or field.description, name


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://your-redis-host:6379/1", RedisAddress("your-redis-host", 6379, 1, False, None)),
        ("redis://redis.example.com", RedisAddress("redis.example.com", 6379, 0, False, None)),
        ("redis://redis.example.com/", RedisAddress("redis.example.com", 6379, 0, False, None)),
        ("redis://10.0.0.7:7000/15", RedisAddress("10.0.0.7", 7000, 15, False, None)),
        ("redis://label%2Dstudio@r:6379/1", RedisAddress("r", 6379, 1, False, "label-studio")),
        ("rediss://redis.example.com:6380/0", RedisAddress("redis.example.com", 6380, 0, True, None)),
    ],
)
def test_the_documented_form_is_understood(url: str, address: RedisAddress) -> None:
    assert parse_redis_url(url) == address


REFUSED = [
    (external("redis://:hunter2@redis.example.com:6379/1"), "contains a password in plain text"),
    (external("redis://user:hunter2@redis.example.com:6379/1"), "name its Secret in redis.password"),
    (external("redis://:hunter2@a:6379,b:6379/1"), "contains a password"),
    (external("redis://:hunter2/a@b#c@redis.example.com:6379/1"), "contains a password"),
    (external("redis://a:6379,b:6379,c:6379/0"), "lists several hosts; Label Studio supports a standalone Redis only"),
    (external("redis://redis.example.com/1?password=hunter2"), "must not have options"),
    (external("sentinel://redis.example.com:26379/mymaster"), "Label Studio supports no other architecture"),
    (external("redis+sentinel://redis.example.com/1"), "is not a standalone Redis"),
    (external("redis://redis.example.com:26379/1"), "leads to a sentinel"),
    (external("redis+cluster://redis.example.com/1"), "is not a standalone Redis"),
    (external("unix:///var/run/redis.sock"), "is a socket file"),
    (external("redis-socket:///var/run/redis.sock"), "is a socket file"),
    (external("http://redis.example.com"), "must begin with redis://"),
    (external("redis.example.com:6379"), "must be a URL such as redis://host:6379/1"),
    (external("redis://redis.example.com:port/1"), "has no valid port"),
    (external("redis://redis.example.com:70000/1"), "has no valid port"),
    (external("redis:///1"), "has no valid host name"),
    (external("redis://redis.example.com/one"), "must end with the number of a database"),
    (external("redis://redis.example.com/1?ssl_cert_reqs=none"), "must not have options"),
    (external("rediss://redis.example.com:6380/1"), "needs ssl with redisSslSecretName"),
    (external("redis://user@redis.example.com/1"), "so password is needed"),
    (external(password="hunter2"), "password"),
    (external(ssl={}), "redisSslSecretName: is required"),
    (external(ssl={**SSL, "redisSslCertReqs": "none"}), "'optional' or 'required'"),
    (external(ssl={**SSL, "redisSslCertFileSecretKey": "tls.crt"}), "go together"),
    (external(ssl={**SSL, "redisSslCaCertsSecretKey": ""}), "needs redisSslCaCertsSecretKey"),
    (standalone(options={"maxmemory-policy": "allkeys-lru"}), "options.maxmemory-policy: cannot be overridden"),
    (standalone(options={"requirepass": "hunter2"}), "cannot be overridden"),
    (standalone(options={"slowlog-max-len": "1\nport 1"}), "options.slowlog-max-len: must be one line"),
    (standalone(options={"slowlog-max-lens": "1"}), "options.slowlog-max-lens: is not an option that can be set; did"),
    (standalone(options={"hz": "fast"}), "options.hz: must be a whole number in digits"),
    (standalone(options={"hz; port": "hunter2"}), "must be the name of an option of Redis"),
    (standalone(options={"timeout": -1}), "options.timeout: must be from 0 to 2147483647"),
    ({"backend": "alauda", "version": "6.0", "options": {"latency-tracking": True}}, "is not an option of Redis 6.0"),
    (standalone(storage={"size": "256Mi"}), "must be at least twice resources.memory"),
    (standalone(arch="sentinel"), "arch: is not a known key"),
    ({"backend": "sentinel"}, "'standalone', 'alauda', 'external', 'none'"),
    ({"backend": "alauda", "version": "7.4"}, "'6.0' or '7.2'"),
    ({"backend": "none", "url": "redis://x"}, "url: is not a known key"),
]


@pytest.mark.parametrize(("settings", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused_with_the_reason(settings: dict[str, Any], words: str) -> None:
    message = refusal(RedisSettings, settings)
    assert words in message
    assert "hunter2" not in message


def test_the_five_documented_keys_of_ssl() -> None:
    ssl = {
        "redisSslCertReqs": "optional",
        "redisSslSecretName": "redis-ssl-secret",
        "redisSslCaCertsSecretKey": "ca.crt",
        "redisSslCertFileSecretKey": "tls.crt",
        "redisSslKeyFileSecretKey": "tls.key",
    }
    model = accept(RedisSettings, external(ssl=ssl, password=SECRET))
    assert model.ssl.model_dump(by_alias=True) == ssl


@given(st.integers(min_value=1, max_value=64))
def test_data_leaves_a_quarter_of_the_memory(gibibytes: int) -> None:
    resources = {"cpuRequest": "100m", "cpuLimit": "1", "memory": f"{gibibytes}Gi"}
    model = accept(RedisSettings, standalone(resources=resources, storage={"size": f"{2 * gibibytes}Gi"}))
    assert model.max_memory_bytes == gibibytes * 2**30 * 3 // 4


@given(st.text(alphabet="abcXYZ019/+=#?@:%", min_size=1, max_size=30))
def test_no_password_gets_through_or_into_the_message(password: str) -> None:
    url = f"redis://:sentinel{password}@redis.example.com:6379/1"
    message = refusal(RedisSettings, external(url))
    assert "sentinel" not in message.replace("leads to a sentinel", "")


@given(
    st.from_regex(r"\A[a-z0-9]([a-z0-9.-]{0,40}[a-z0-9])?\Z").filter(is_host),
    st.integers(min_value=1, max_value=65535).filter(lambda port: port != 26379),
    st.integers(min_value=0, max_value=9999),
)
def test_every_plain_address_survives(host: str, port: int, database: int) -> None:
    assert parse_redis_url(f"redis://{host}:{port}/{database}") == RedisAddress(host, port, database, False, None)


def test_numbers_and_truth_values_of_yaml_are_texts() -> None:
    given = {"slowlog-max-len": 64, "activerehashing": True, "lazyfree-lazy-expire": False}
    expected = {"slowlog-max-len": "64", "activerehashing": "yes", "lazyfree-lazy-expire": "no"}
    assert accept(RedisSettings, standalone(options=given)).options == expected
