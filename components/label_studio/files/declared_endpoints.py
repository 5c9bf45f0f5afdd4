"""Lets S3 storages and webhooks reach the servers that the stack declares, and no other private address.

Label Studio 1.23.1 and newer refuses S3 endpoints in private networks: when a storage is saved, when a client is made
for it, and on each connection of that client. Its own exemption, ``S3_ENDPOINT``, takes the place of an endpoint that
is left blank, which means Amazon. So the three checks (``io_storages/s3`` of 1.23.2) are told here about the exact
hosts and ports in ``DECLARED_S3_ENDPOINTS``; what other parts of Label Studio connect to is checked as before.

Webhooks are checked when they are saved and on each connection (``webhooks`` of 1.23.2), and have a variable of their
own: a storage gets no further because a receiver is declared.

Runs inside Label Studio's containers, so it knows nothing of this project.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import requests
from core.utils import io
from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

VARIABLE = "DECLARED_S3_ENDPOINTS"
RECEIVERS = "DECLARED_WEBHOOK_RECEIVERS"
PORTS = {"http": 80, "https": 443}
Address = tuple[str, int]


class DeclaredEndpoints(AppConfig):  # type: ignore[misc]
    """The Django application that teaches the checks, once all of Label Studio is loaded."""

    name = "declared_endpoints"

    def ready(self) -> None:
        """ImproperlyConfigured where this release checks endpoints in a way that is not known here."""
        declared = addresses(os.environ.get(VARIABLE, ""))
        receivers = addresses(os.environ.get(RECEIVERS, ""))
        # Releases before 1.23.1 know the function by another name only, and do not check S3 endpoints or webhooks.
        if not settings.SSRF_PROTECTION_ENABLED or not hasattr(io, "validate_url_for_ssrf"):
            return
        try:
            if declared:
                exempt(declared)
            if receivers:
                exempt_receivers(receivers)
        except (ImportError, AttributeError) as error:
            raise ImproperlyConfigured(
                f"This release of Label Studio checks S3 endpoints in a way that this stack does not know ({error}), "
                "or the receivers of webhooks, so those of the stack would be refused. Choose another image in "
                "images.labelStudio, or write labelStudio.security.ssrfProtection: false."
            ) from error


def addresses(endpoints: str) -> frozenset[Address]:
    """Host and port of each of the URLs, which are separated by commas."""
    return frozenset(found for endpoint in endpoints.split(",") if (found := address(endpoint)))


def address(url: str) -> Address | None:
    """Where a client would connect to; None for what is more or less than scheme, host and port."""
    try:
        parsed = parse_url(url)
    except LocationParseError:
        return None
    rest = (parsed.auth, parsed.path if parsed.path != "/" else None, parsed.query, parsed.fragment)
    if parsed.scheme not in PORTS or not parsed.host or any(part is not None for part in rest):
        return None
    return parsed.host, parsed.port or PORTS[parsed.scheme]


def exempt(declared: frozenset[Address]) -> None:
    """Put the declared addresses beside each check of ``io_storages/s3``."""
    # Not at the top: models can be imported only when all applications are there.
    from io_storages.s3 import serializers, utils  # noqa: PLC0415

    for module in (serializers, utils):
        module.validate_url_for_ssrf = _checked_unless_declared(module.validate_url_for_ssrf, declared)
    for connection in (utils._SsrfGuardedAWSHTTPConnection, utils._SsrfGuardedAWSHTTPSConnection):
        connection._new_conn = _guarded_unless_declared(connection._new_conn, declared)


def exempt_receivers(declared: frozenset[Address]) -> None:
    """Put the declared addresses beside both checks of webhooks."""
    from webhooks import serializers, utils  # noqa: PLC0415

    check = serializers.validate_url_for_ssrf
    serializers.validate_url_for_ssrf = _checked_unless_declared(check, declared, origin)
    guarded = utils.ssrf_safe_post

    def post(url: str, *arguments: Any, **options: Any) -> Any:
        if address(origin(url)) not in declared:
            return guarded(url, *arguments, **options)
        # Elsewhere a redirection would lead past the guard, and have the secret of the webhook.
        return requests.post(url, *arguments, **options, allow_redirects=False)  # noqa: S113 - the caller's timeout

    utils.ssrf_safe_post = post


def origin(url: str) -> str:
    """The URL without path, query and fragment; nothing where it is none."""
    try:
        return str(parse_url(url)._replace(path=None, query=None, fragment=None))
    except LocationParseError:
        return ""


def _checked_unless_declared(
    check: Callable[..., Any], declared: frozenset[Address], part: Callable[[str], str] = str
) -> Callable[..., Any]:
    def checked(url: str, *arguments: Any, **options: Any) -> Any:
        return None if address(part(url)) in declared else check(url, *arguments, **options)

    return checked


def _guarded_unless_declared(guarded: Callable[[Any], Any], declared: frozenset[Address]) -> Callable[[Any], Any]:
    def connect(connection: Any) -> Any:
        # What the URL was read as does not matter here: this is where the connection goes, redirected or not.
        if (connection.host, connection.port) in declared:
            return super(io._SsrfGuardedConnectionMixin, connection)._new_conn()
        return guarded(connection)

    return connect
