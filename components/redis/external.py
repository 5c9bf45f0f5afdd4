"""A standalone server outside of the stack."""

from __future__ import annotations

import pulumi

from ..connections import RedisConnection, RedisTls
from ..kubernetes.context import StackContext
from ..settings.grammars.redis import parse_redis_url
from .settings import ExternalRedis, RedisSsl


def connect(settings: ExternalRedis, context: StackContext) -> RedisConnection:
    """The connection that the address tells; of one that is an Output, ``ssl`` tells whether the server speaks TLS."""
    if not isinstance(settings.url, str):
        address = pulumi.Output.concat(settings.url).apply(parse_redis_url)
        return RedisConnection(
            host=address.apply(lambda parts: parts.host),
            port=address.apply(lambda parts: parts.port),
            database=address.apply(lambda parts: parts.database),
            user=address.apply(lambda parts: parts.user),
            password=settings.password.key if settings.password else None,
            tls=_tls(settings.ssl) if settings.ssl else None,
            peer=context.peer(settings.url, address.apply(lambda parts: parts.port), settings.addresses),
        )
    parts = settings.address
    return RedisConnection(
        host=parts.host,
        port=parts.port,
        database=parts.database,
        user=parts.user,
        password=settings.password.key if settings.password else None,
        tls=_tls(settings.ssl) if settings.ssl and parts.tls else None,
        peer=context.peer(parts.host, parts.port, settings.addresses),
    )


def _tls(ssl: RedisSsl) -> RedisTls:
    return RedisTls(
        secret_name=ssl.redis_ssl_secret_name,
        certificate_requirement=ssl.redis_ssl_cert_reqs,
        ca_key=ssl.redis_ssl_ca_certs_secret_key,
        certificate_key=ssl.redis_ssl_cert_file_secret_key,
        private_key_key=ssl.redis_ssl_key_file_secret_key,
    )
