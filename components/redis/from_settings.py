"""The config key ``redis`` as arguments of the component."""

from __future__ import annotations

from typing import Any, assert_never

from ..connections import RedisTls
from ..stack.context import Translation, optional_secret_key, volume_claim
from .args import AlaudaArgs, ExternalArgs, NoneArgs, RedisArgs, StandaloneArgs
from .settings import AlaudaRedis, ExternalRedis, NoRedis, RedisSsl, StandaloneRedis


def redis_args(translation: Translation) -> RedisArgs:
    """The arguments of the backend that the settings choose."""
    match translation.settings.redis:
        case StandaloneRedis() as chosen:
            return StandaloneArgs(
                **_server(translation, chosen),
                image=translation.image("valkey"),
                tls_secret=chosen.tls.secret_name if chosen.tls else None,
            )
        case AlaudaRedis() as chosen:
            return AlaudaArgs(
                **_server(translation, chosen),
                **translation.operated(chosen.operator_namespace),
                version=chosen.version,
                tls=chosen.tls,
            )
        case ExternalRedis() as chosen:
            address = chosen.address
            return ExternalArgs(
                host=address.host,
                port=address.port,
                database=address.database,
                user=address.user,
                password=optional_secret_key(chosen.password),
                tls=_tls(chosen.ssl) if chosen.ssl and address.tls else None,
                peer=translation.peer(address.host, address.port, chosen.addresses),
            )
        case NoRedis():
            return NoneArgs()
        case unknown:
            assert_never(unknown)


def _server(translation: Translation, chosen: StandaloneRedis | AlaudaRedis) -> dict[str, Any]:
    return {
        **translation.service(chosen.scheduling),
        "storage": volume_claim(chosen.storage),
        "resources": chosen.resources.to_kubernetes(),
        "max_memory": chosen.max_memory_bytes,
        "options": chosen.options,
    }


def _tls(ssl: RedisSsl) -> RedisTls:
    return RedisTls(
        secret_name=ssl.redis_ssl_secret_name,
        certificate_requirement=ssl.redis_ssl_cert_reqs,
        ca_key=ssl.redis_ssl_ca_certs_secret_key,
        certificate_key=ssl.redis_ssl_cert_file_secret_key,
        private_key_key=ssl.redis_ssl_key_file_secret_key,
    )
