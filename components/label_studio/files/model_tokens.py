"""What model servers get in place of the API token of a person: a token for one project, and no more.

Label Studio sends each model server the legacy token of the project's creator (``ml/api_connector.py`` of 1.20.0 and
1.23.2), who may do everything that a person may, in every project. Here a declared server gets a token that is signed
for it alone: it reads tasks, annotations and data of its project, and writes predictions. It needs no legacy tokens,
which stay off, and is refused once the server is no longer declared, is declared at another URL, or is removed. Other
servers get what Label Studio sends.

Runs inside Label Studio's containers, so it knows nothing of this project.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from types import SimpleNamespace
from typing import Any

from declared_models import declared
from django.apps import AppConfig
from django.core import signing
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.views import APIView

SALT = PREFIX = "model-server"
REFUSED = "The token of a model server reads tasks, annotations and data of its own project, and writes predictions."
GONE = "The model server that this token is for is not declared."
Method = Callable[..., Any]


class ModelTokens(AppConfig):  # type: ignore[misc]
    """The Django application that sends these tokens, once all of Label Studio is loaded."""

    name = "model_tokens"

    def ready(self) -> None:
        """ImportError or AttributeError where a release has no such place."""
        from ml.api_connector import MLApi  # noqa: PLC0415 - models can be imported now only

        MLApi.setup = _with_own_token(MLApi.setup)
        # Not by the setting, which is read before the stack's settings are complete.
        APIView.authentication_classes = [ModelServer, *APIView.authentication_classes]


@dataclass(frozen=True)
class Token:
    """Who it is for: a model server by its id, at this URL."""

    backend: int
    url: str

    def __str__(self) -> str:
        return f"{PREFIX}.{signing.dumps([self.backend, _digest(self.url)], salt=SALT)}"


def token_of(backend: Any) -> str:
    """The token of a declared server."""
    return str(Token(backend.pk, backend.url))


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _with_own_token(setup: Method) -> Method:
    @wraps(setup)
    def own(api: Any, project: Any, *arguments: Any, **options: Any) -> Any:
        from ml.models import MLBackend  # noqa: PLC0415

        if not any(url == api._url for _, url in declared()):
            return setup(api, project, *arguments, **options)
        found = MLBackend.objects.filter(project=project, url=api._url).order_by("pk")
        backend = next((it for it in found if (it.description, it.url) in declared()), None)
        # Before a server is saved, which Label Studio asks first, there is no token for it.
        with _created_by(project, token_of(backend) if backend else ""):
            return setup(api, project, *arguments, **options)

    return own


@contextmanager
def _created_by(project: Any, token: str) -> Iterator[None]:
    """Let the project, as it is in memory, have a creator of whom nothing is known but a token."""
    fields = project._state.fields_cache
    before = fields.get("created_by")
    fields["created_by"] = SimpleNamespace(auth_token=SimpleNamespace(key=token))
    try:
        yield
    finally:
        del fields["created_by"]
        if before is not None:
            fields["created_by"] = before


class ModelServer(BaseAuthentication):  # type: ignore[misc]
    """Tells who a request with such a token is from, and refuses what the token is not for."""

    def authenticate(self, request: Any) -> tuple[Any, Token] | None:
        """The creator of the project, in whose name the server reads and writes; None for other credentials."""
        kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind not in ("Token", "Bearer") or not text.strip().startswith(f"{PREFIX}."):
            return None
        backend = _bearer(text.strip())
        user = backend.project.created_by
        if user is None or not user.is_active:
            raise AuthenticationFailed(GONE)
        if not is_allowed(request, backend.project_id):
            raise PermissionDenied(REFUSED)
        return user, Token(backend.pk, backend.url)

    def authenticate_header(self, _request: Any) -> str:
        """What a 401 names."""
        return "Token"


def _bearer(text: str) -> Any:
    """The declared server that the token was signed for; AuthenticationFailed without one."""
    from ml.models import MLBackend  # noqa: PLC0415

    try:
        number, digest = signing.loads(text.removeprefix(f"{PREFIX}."), salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise AuthenticationFailed("The token of a model server is not one that this page signed.") from None
    backend = MLBackend.objects.select_related("project__created_by").filter(pk=number).first()
    if backend is None or _digest(backend.url) != digest or (backend.description, backend.url) not in declared():
        raise AuthenticationFailed(GONE)
    return backend


def is_allowed(request: Any, project: int) -> bool:
    """Whether the request is on the list of what a model server may do, and about this project."""
    path = request.path_info if request.path_info.endswith("/") else f"{request.path_info}/"
    for methods, pattern, projects in ALLOWED:
        if request.method in methods and (match := pattern.fullmatch(path)):
            return projects(request, *match.groups()) == {project}
    return False


Projects = set[int | None]
READ = ("GET", "HEAD")


def _itself(_: Any, number: str) -> Projects:
    return {int(number)}


def _of_task(_: Any, number: str) -> Projects:
    from tasks.models import Task  # noqa: PLC0415

    return set(Task.objects.filter(pk=number).values_list("project_id", flat=True))


def _of_annotation(_: Any, number: str) -> Projects:
    from tasks.models import Annotation  # noqa: PLC0415

    return set(Annotation.objects.filter(pk=number).values_list("project_id", flat=True))


def _named(request: Any) -> Projects:
    """Of a list: the project that it asks for. A view, or a body, could name another."""
    body = request.data if isinstance(request.data, dict) else {"project": None}
    if "view" in request.GET or "view" in body or "project" in body:
        return set()
    return {int(name) if name.isdecimal() else None for name in request.GET.getlist("project")}


def _predicted(request: Any) -> Projects:
    """Of a prediction: that of its task, and the one that it names."""
    body = request.data
    if not hasattr(body, "get"):
        return set()
    task, named = body.get("task"), body.get("project")
    found = _of_task(request, str(task)) if str(task).isdecimal() else set()
    return found if named is None else found | {int(named) if str(named).isdecimal() else None}


def _of_stored_file(request: Any) -> Projects:
    match = re.fullmatch(r"upload/(\d+)/[^/]+", request.GET.get("filepath", ""))
    return {int(match[1])} if match else set()


ALLOWED: tuple[tuple[tuple[str, ...], re.Pattern[str], Callable[..., Projects]], ...] = (
    (READ, re.compile(r"/api/projects/(\d+)/"), _itself),
    (READ, re.compile(r"/api/projects/(\d+)/tasks/"), _itself),
    (READ, re.compile(r"/api/projects/(\d+)/export/"), _itself),
    (READ, re.compile(r"/projects/(\d+)/(?:resolve|presign)/"), _itself),
    (("POST",), re.compile(r"/api/projects/(\d+)/import/predictions/"), _itself),
    (READ, re.compile(r"/api/tasks/"), _named),
    (READ, re.compile(r"/api/tasks/(\d+)/"), _of_task),
    (READ, re.compile(r"/api/tasks/(\d+)/annotations/"), _of_task),
    (READ, re.compile(r"/tasks/(\d+)/(?:resolve|presign)/"), _of_task),
    (READ, re.compile(r"/api/annotations/(\d+)/"), _of_annotation),
    (READ, re.compile(r"/api/predictions/"), _named),
    (("POST",), re.compile(r"/api/predictions/"), _predicted),
    (READ, re.compile(r"/data/upload/(\d+)/[^/]+/"), _itself),
    (READ, re.compile(r"/storage-data/uploaded/"), _of_stored_file),
)
