"""Puts the circuit breakers of ``circuit_breakers`` around the calls of Label Studio, and says what is away.

Readiness is about the pod alone: a service that every pod uses would take them all away, with the page that says so.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from html import escape
from typing import Any
from urllib.parse import urlsplit

from background_probes import Probe, admits, answers, call, missed
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectTimeoutError
from botocore.httpsession import URLLib3Session
from circuit_breakers import SHORT_SECONDS, AwayError, Breaker, away
from django.apps import AppConfig
from django.core.handlers import exception as handlers
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout
from rest_framework.exceptions import APIException
from time_limits import REQUEST_SECONDS, in_requests

HEALTH = "/health"
RETRY_SECONDS = 5
POSTGRESQL = Breaker("database (PostgreSQL)", limit=1)
# Errors of PostgreSQL by the first characters of SQLSTATE: connections, and servers that stop or start.
GONE = ("08", "57P")
CANCELED = "57014"
TOO_LONG = f"The database worked on this for more than {REQUEST_SECONDS} seconds. Ask for less at once."
# Last parts of the addresses of a model server that may be asked twice; what it is told of annotations may not.
REPEATED = ("health", "predict", "setup", "validate", "versions")
Method = Callable[..., Any]


class GuardedCalls(AppConfig):  # type: ignore[misc]
    """The Django application that guards the calls, once all of Label Studio is loaded."""

    name = "guarded_calls"

    def ready(self) -> None:
        """ImportError or AttributeError where a release has no such place."""
        URLLib3Session.send = _guarded_store(URLLib3Session.send)
        _guard_model_servers()
        if in_requests():
            _guard_database()
            handlers.response_for_exception = _explained(handlers.response_for_exception)


class HealthOfThePod:
    """Middleware in front of all others: answers probes without any other service."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """``away`` names the services that do not answer this pod."""
        if request.path == HEALTH:
            return JsonResponse({"status": "UP", "away": away()})
        return self.answer(request)


class NotAvailable(APIException):  # type: ignore[misc]
    """503 with a reason, in the form of Label Studio's own errors."""

    status_code = 503
    wait = RETRY_SECONDS


def exception_handler(error: Exception, context: Any) -> Any:
    """Label Studio's own, told what the error means."""
    from core.utils.common import custom_exception_handler  # noqa: PLC0415 - needs Django's settings

    if reason := _reason(error):
        error = NotAvailable(reason)
    return custom_exception_handler(error, context)


def _reason(error: BaseException) -> str | None:
    """What people read of an error that another service caused; None of any other."""
    if isinstance(error, AwayError):
        return str(error)
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if code == CANCELED:
        return TOO_LONG
    return POSTGRESQL.reason if code is None or code.startswith(GONE) else None


def _explained(upstream: Method) -> Method:
    @wraps(upstream)
    def response(request: HttpRequest, error: Exception) -> HttpResponse:
        reason = _reason(error)
        if reason is None:
            return upstream(request, error)
        headers = {"Retry-After": str(RETRY_SECONDS)}
        if request.path.startswith("/api/"):
            return JsonResponse({"status_code": 503, "detail": reason}, status=503, headers=headers)
        page = f"<!DOCTYPE html><title>Not available</title><h1>Not available now</h1>\n<p>{escape(reason)}\n"
        return HttpResponse(page, status=503, headers=headers)

    return response


def _address(url: str) -> str:
    """Host and port, without what logs in there."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _unless(silence: type[Exception], ask: Callable[[], Any]) -> bool:
    """Whether a call ends in any other way."""
    try:
        ask()
    except silence:
        return False
    except Exception:
        return True
    return True


def _guarded_store(send: Method) -> Method:
    def ask(session: Any, request: Any) -> None:
        # What is streamed is not read.
        send(session, request).raw.close()

    @wraps(send)
    def guarded(session: Any, request: Any) -> Any:
        def empty() -> Any:
            address = urlsplit(request.url)
            return AWSRequest(method="HEAD", url=f"{address.scheme}://{address.netloc}/").prepare()

        def again() -> Any:
            return request if request.method in ("GET", "HEAD") else empty()

        probe = Probe(
            again=lambda: answers(lambda: ask(session, again())),
            connects=lambda: _unless(ConnectTimeoutError, lambda: ask(session, empty())),
            unconnected=ConnectTimeoutError,
        )
        with call(Breaker("object store", _address(request.url)), probe):
            return send(session, request)

    return guarded


def _guard_model_servers() -> None:
    from ml.api_connector import BaseHTTPAPI  # noqa: PLC0415 - models can be imported now only

    upstream = BaseHTTPAPI.request

    def health(api: Any) -> Any:
        return upstream(api, "GET", f"{api._url.rstrip('/')}/health", timeout=api._connection_timeout)

    @wraps(upstream)
    def request(api: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        def again() -> Any:
            if urlsplit(url).path.rpartition("/")[2] not in REPEATED:
                return health(api)
            return upstream(api, method, url, *arguments, **options)

        probe = Probe(
            again=lambda: answers(again),
            connects=lambda: _unless(ConnectTimeout, lambda: health(api)),
            unconnected=ConnectTimeout,
        )
        try:
            with call(Breaker("model server", _address(api._url)), probe):
                return upstream(api, method, url, *arguments, **options)
        except AwayError as error:
            # The connector makes a result of the errors of its library alone.
            raise RequestsConnectionError(str(error)) from error

    BaseHTTPAPI.request = request


def _guard_database() -> None:
    from django.db.backends.postgresql.base import DatabaseWrapper  # noqa: PLC0415 - sqlite needs no driver

    upstream = DatabaseWrapper.get_new_connection

    @wraps(upstream)
    def opened(wrapper: Any, parameters: Any) -> Any:
        try:
            with call(POSTGRESQL, Probe(again=lambda: _connects(wrapper, parameters))):
                return upstream(wrapper, parameters)
        except AwayError as error:
            raise OperationalError(str(error)) from error

    DatabaseWrapper.get_new_connection = opened
    DatabaseWrapper.is_usable = _unless_away(DatabaseWrapper.is_usable)


def _connects(wrapper: Any, parameters: Any) -> bool:
    """Whether the database answers; a connection of Django's would belong to the thread that opened it."""
    found: bool = answers(lambda: wrapper.Database.connect(**parameters).close())
    return found


def _unless_away(is_usable: Method) -> Method:
    """Each process has a connection of its own; only the first one waits until it knows that nobody answers."""

    @wraps(is_usable)
    def usable(wrapper: Any) -> bool:
        def asked() -> bool:
            return _connects(wrapper, wrapper.get_connection_params())

        if not admits(POSTGRESQL, asked):
            return False
        began = time.monotonic()
        found = bool(is_usable(wrapper))
        if not found and time.monotonic() - began >= SHORT_SECONDS:
            missed(POSTGRESQL, asked)
        return found

    return usable
