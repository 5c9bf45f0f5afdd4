"""Addresses of Redis servers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

from .grammar import Grammar
from .hosts import MAXIMUM_PORT, is_host

FORM = "redis://host:6379/1"
ADDRESS = re.compile(r"(?P<host>[^:/?#]*)(:(?P<port>[^/?#]*))?(/(?P<database>[^?#]*))?(?P<options>[?#].*)?")
SENTINEL_PORT = 26379


@dataclass(frozen=True)
class RedisAddress:
    """What a Redis URL says, without its password."""

    host: str
    port: int
    database: int
    tls: bool
    user: str | None


def parse_redis_url(url: str) -> RedisAddress:
    """Takes ``redis[s]://[user@]host[:port][/database]`` apart.

    Raises ValueError with the reason and the fix for every other form; no message repeats the URL,
    which may contain a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"must be a URL such as {FORM}")
    _refuse_scheme(scheme.lower())
    # From the right: a password that was not escaped may contain every character, '@' and '/' included.
    credentials, _, address = rest.rpartition("@")
    if ":" in credentials:
        raise ValueError("contains a password in plain text; remove it and name its Secret in redis.password")
    match = ADDRESS.fullmatch(address)
    if "," in address:
        raise ValueError(f"lists several hosts; Label Studio supports a standalone Redis only: write one, {FORM}")
    if not match or not is_host(match["host"]):
        raise ValueError(f"has no valid host name; write {FORM}")
    if match["options"]:
        raise ValueError(f"must not have options after '?' or '#'; TLS is set in redis.ssl: write {FORM}")
    database = match["database"] or "0"
    if not re.fullmatch(r"\d{1,4}", database, re.ASCII):
        raise ValueError(f"must end with the number of a database; write {FORM}")
    return RedisAddress(
        host=match["host"],
        port=_port(match["port"] or "6379"),
        database=int(database),
        tls=scheme.lower() == "rediss",
        user=unquote(credentials) or None,
    )


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or not 1 <= int(text) <= MAXIMUM_PORT:
        raise ValueError(f"has no valid port; write {FORM}")
    if int(text) == SENTINEL_PORT:
        raise ValueError(f"leads to a sentinel; Label Studio supports a standalone Redis only: write {FORM}")
    return int(text)


def _refuse_scheme(scheme: str) -> None:
    if "sentinel" in scheme or "cluster" in scheme:
        raise ValueError(f"is not a standalone Redis, and Label Studio supports no other architecture: write {FORM}")
    if "unix" in scheme or "socket" in scheme:
        raise ValueError(f"is a socket file, which pods on other nodes cannot reach: write {FORM}")
    if scheme not in {"redis", "rediss"}:
        raise ValueError(f"must begin with redis:// or, for TLS, rediss://: write {FORM}")


def _redis_url(value: str) -> str:
    parse_redis_url(value)
    return value


RedisUrl = Annotated[
    str,
    Grammar(
        "Redis URL",
        "redis://host:port/database without a password",
        (FORM, "rediss://redis.example.com"),
        check=_redis_url,
    ),
]
