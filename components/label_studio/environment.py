"""The variables of Label Studio's containers; names from ``label_studio/core/settings`` of 1.20.0 and 1.23.2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..connections import PostgresConnection, RedisConnection, S3Connection, SecretKey
from ..kubernetes import pods
from ..settings.network import is_loopback
from .args import LabelStudioArgs
from .credentials import DjangoKeys
from .embedded_chart import CONTAINERS
from .endpoints import declared_endpoints, declared_models, declared_receivers
from .files.time_limits import PAGE
from .mounts import (
    POSTGRESQL_CA,
    REDIS_CERTIFICATES,
    SETTINGS_DIRECTORY,
    SETTINGS_MODULE,
)

Variables = dict[str, pulumi.Input[str]]

# The image compiles nothing and forbids it; each process would compile all of Label Studio, for 5 s of CPU.
BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": "/tmp/bytecode"}  # noqa: S108 - the container's own
Secrets = dict[str, SecretKey]


def variables(args: LabelStudioArgs) -> Variables:
    """The variables of every container, besides those that charts make of their own values."""
    return {
        # Label Studio's own 100 seconds are more than the proxy waits for a request.
        "ML_TIMEOUT_PREDICT": str(PAGE["model server"].read),
        "ML_CONNECTION_TIMEOUT": str(PAGE["model server"].connect),
        **args.settings.environment,
        **_page(args.settings.page_url),
        **_protection(args),
        # Keep all containers from asking the Python package index for a newer release: before 1.21 a server of uWSGI's
        # kind does not, later there is a variable for it.
        "APP_WEBSERVER": "uwsgi",
        "LATEST_VERSION_CHECK": "false",
        "UWSGI_PROCESSES": str(args.settings.processes),
        "WAITING_PROCESSES": _waiting_processes(args.settings.processes),
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        **_postgresql_tls(args.postgresql),
        **({"STORAGE_AWS_S3_SIGNATURE_VERSION": "s3v4"} if args.volume is None else {}),
        **_own_stores(args),
        **BYTECODE,
        # Of one attempt to reach the database; libpq has no limit by default.
        "PGCONNECT_TIMEOUT": "5",
        # The C library asks a silent DNS server twice for 5 seconds, for each name and search domain anew.
        "RES_OPTIONS": "timeout:1 attempts:2",
        # Images of some releases find the package label_studio by a PYTHONPATH of their own.
        "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
        "PYTHONPATH": f"{SETTINGS_DIRECTORY}:/label-studio",
        # Within it an update ends the pods that know the former key alone, or fails.
        "SECRET_KEY_SETTLES_AFTER": str(args.settings.release_timeout),
        **declared_endpoints(args),
        **declared_receivers(args),
        **declared_models(args),
    }


def secrets(args: LabelStudioArgs, django: DjangoKeys) -> Secrets:
    """What every container reads from Secrets, besides what charts make of their own values."""
    token = args.uploads.session_token if args.uploads and args.volume is None else None
    return {
        **{name: reference.key for name, reference in args.settings.extra_environment_secrets.items()},
        "SECRET_KEY": django.newest,
        **({"SECRET_KEY_FALLBACKS": django.former} if django.former else {}),
        **({"AWS_SESSION_TOKEN": token} if token else {}),
    }


def container_environment(shared: Mapping[str, Any]) -> list[k8s.core.v1.EnvVarArgsDict]:
    """The ``env`` of a container that no chart makes, of ``global`` of the values: what charts make of them."""
    groups = [group for group in CONTAINERS["environment"] if _applies(group, shared)]
    plain = [variable for group in groups for variable in _plain(group, shared)]
    secret = [variable for group in groups for variable in _secret(group, shared)]
    given = [pods.env(name, value) for name, value in shared["extraEnvironmentVars"].items()]
    references = [
        pods.secret_env(name, SecretKey(reference["secretName"], reference["secretKey"]))
        for name, reference in shared["extraEnvironmentSecrets"].items()
    ]
    return [*plain, *given, *secret, *references]


def _applies(group: Mapping[str, Any], shared: Mapping[str, Any]) -> bool:
    return all(_text_at(shared, path) == text for path, text in group.get("if", {}).items())


def _plain(group: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[k8s.core.v1.EnvVarArgsDict]:
    for name, text in group.get("constants", {}).items():
        yield pods.env(name, text)
    for name, path in group.get("values", {}).items():
        if (value := _text_at(shared, path)) is not None:
            yield pods.env(name, value)
    for name, path in group.get("redisCertificates", {}).items():
        if (file := _text_at(shared, path)) is not None:
            yield pods.env(name, f"{REDIS_CERTIFICATES}/{file}")


def _secret(group: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[k8s.core.v1.EnvVarArgsDict]:
    for name, (secret, key) in group.get("secrets", {}).items():
        if (found := _text_at(shared, secret)) is not None:
            yield pods.secret_env(name, SecretKey(found, str(_text_at(shared, key))))


def _text_at(shared: Mapping[str, Any], path: str) -> pulumi.Input[str] | None:
    """A value as the templates of charts write it, outputs as they are; None where it is missing or empty."""
    node: Any = shared
    for step in path.split("."):
        node = node.get(step) if isinstance(node, Mapping) else None
    if isinstance(node, bool):
        return _boolean(node)
    if isinstance(node, int):
        return str(node)
    return None if isinstance(node, str) and not node else node


def redis_location(redis: RedisConnection) -> pulumi.Input[str]:
    """The documented ``redis://host:port/database``, ``rediss`` with TLS; the password is never part of it."""
    scheme = "rediss" if redis.tls else "redis"

    def location(user: str | None, host: str, port: float, database: float) -> str:
        return f"{scheme}://{f'{user}@' if user else ''}{host}:{port:.0f}/{database:.0f}"

    match redis.user, redis.host, redis.port, redis.database:
        case (None | str() as user, str() as host, int() as port, int() as database):
            return location(user, host, port, database)
        case parts:
            return pulumi.Output.all(*parts).apply(lambda known: location(*known))


def s3_folder(s3: S3Connection) -> str:
    """The prefix as django-storages takes it: without a slash at its end."""
    return s3.prefix.rstrip("/")


def _page(url: str | None) -> Variables:
    """Where browsers reach the page, and whether its cookies need TLS.

    Without LABEL_STUDIO_HOST the page uses relative addresses. A loopback address is different for everybody: localhost
    for one, another port behind a forwarding for the next. Named, each but one of them would be a foreign origin.
    """
    # The secure flags are read by bool(int(value)): "true" would stop Label Studio at start.
    secure = "1" if url is not None and url.startswith("https://") else "0"
    cookies: Variables = {"SESSION_COOKIE_SECURE": secure, "CSRF_COOKIE_SECURE": secure}
    if url is None or is_loopback(url):
        return cookies
    return {"LABEL_STUDIO_HOST": url, "CSRF_TRUSTED_ORIGINS": url, **cookies}


def _protection(args: LabelStudioArgs) -> Variables:
    security = args.settings.security
    origins = ",".join(security.cors_allowed_origins)
    return {
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": _boolean(args.settings.signup == "disabled"),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": _boolean(args.settings.legacy_api_tokens),
        "SSRF_PROTECTION_ENABLED": _boolean(security.ssrf_protection),
        "ML_BLOCK_LOCAL_IP": _boolean(security.block_local_ml_backends),
        "SVG_SECURITY_CLEANUP": _boolean(security.clean_svg),
        "ENABLE_LOCAL_FILES_STORAGE": _boolean(security.local_files),
        "LOCAL_FILES_SERVING_ENABLED": _boolean(security.local_files),
        **({"CORS_ALLOWED_ORIGINS": origins} if origins else {"CORS_ALLOW_ALL_ORIGINS": "false"}),
    }


def _postgresql_tls(postgresql: PostgresConnection) -> Variables:
    # libpq reads these; the image's own POSTGRE_SSL_MODE demands a client certificate for verify-full.
    if postgresql.tls is None:
        return {}
    return {"PGSSLMODE": postgresql.tls.mode, **({"PGSSLROOTCERT": POSTGRESQL_CA.path} if postgresql.tls.ca else {})}


def _own_stores(args: LabelStudioArgs) -> Variables:
    """Checksums only where they are demanded: of servers that are not Amazon's, not all know those of newer clients."""
    if not declared_endpoints(args):
        return {}
    return {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}


def _waiting_processes(processes: int) -> str:
    """The numbers of the uWSGI processes that requests may wait in for other services: half of them, the first ones."""
    return ",".join(str(number + 1) for number in range(max(processes // 2, 1)))


def _boolean(value: bool) -> str:
    return "true" if value else "false"
