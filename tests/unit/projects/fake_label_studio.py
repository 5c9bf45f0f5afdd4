"""As much of Label Studio's API as the jobs of declared projects use, with answers as 1.20.0 gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

from components.annotation_project.job.api import LabelStudio

ACCOUNTS = {"admin@example.com": "admin-password"}
INVITATION = "invitation-token"
VALIDATION = {"status_code": 400, "detail": "Validation error"}


class FakeLabelStudio:
    """``refuse`` names requests (method and path) that are answered by a validation error with this text.

    Cookies are ``secure`` behind TLS; the client speaks http to the Service all the same.
    """

    def __init__(self, *, secure: bool = True) -> None:
        self.flags = "; Path=/; Secure" if secure else "; Path=/"
        self.accounts = dict(ACCOUNTS)
        self.projects: dict[int, dict[str, Any]] = {}
        self.storages: dict[str, dict[int, dict[str, Any]]] = {"source": {}, "target": {}}
        self.webhooks: dict[int, dict[str, Any]] = {}
        self.backends: dict[int, dict[str, Any]] = {}
        self.refuse: dict[str, str] = {}
        self.sync_status = "completed"
        self.requests: list[str] = []
        self.logged_in: str | None = None

    @property
    def client(self) -> LabelStudio:
        return LabelStudio("http://label-studio.example.com", 1, httpx.MockTransport(self.handle))

    @property
    def changes(self) -> list[str]:
        """Requests that change something, but for logging in and asking whether something is valid."""
        harmless = re.compile(r"GET|POST /(user/login|api/projects/(\d+/)?validate)")
        return [request for request in self.requests if not harmless.match(request)]

    def handle(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path}"
        self.requests.append(call)
        if call in self.refuse:
            return httpx.Response(400, json={**VALIDATION, "validation_errors": {"field": [self.refuse[call]]}})
        for pattern, answer in ROUTES:
            if match := re.fullmatch(pattern, call):
                return answer(self, request, *match.groups())
        raise AssertionError(f"the fake has no {call}")

    def add_project(self, **fields: Any) -> int:
        number = len(self.projects) + 1
        self.projects[number] = {"id": number, "description": "", "task_number": 0, **fields}
        return number


def _page(fake: FakeLabelStudio, request: httpx.Request) -> httpx.Response:
    if "sessionid" in request.headers["Cookie"]:
        return httpx.Response(302, headers={"Location": "/"})
    return httpx.Response(200, headers={"Set-Cookie": f"csrftoken=token{fake.flags}"})


def _form(request: httpx.Request) -> dict[str, str]:
    assert "csrftoken=token" in request.headers["Cookie"]
    return dict(httpx.QueryParams(request.content.decode()))


def _log_in(fake: FakeLabelStudio, request: httpx.Request) -> httpx.Response:
    form = _form(request)
    if fake.accounts.get(form["email"]) != form["password"]:
        return httpx.Response(200)
    fake.logged_in = form["email"]
    return httpx.Response(302, headers={"Set-Cookie": f"sessionid=session{fake.flags}; HttpOnly"})


def _sign_up(fake: FakeLabelStudio, request: httpx.Request) -> httpx.Response:
    form = _form(request)
    if request.url.params.get("token") != INVITATION:
        return httpx.Response(403)
    if form["email"] in fake.accounts:
        return httpx.Response(200)
    fake.accounts[form["email"]] = form["password"]
    return httpx.Response(302)


def _invite(_: FakeLabelStudio, __: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"token": INVITATION})


def _projects(fake: FakeLabelStudio, request: httpx.Request) -> httpx.Response:
    number, size = int(request.url.params["page"]), 2
    everything = list(fake.projects.values())
    there_is_more = number * size < len(everything)
    page = everything[(number - 1) * size : number * size]
    return httpx.Response(200, json={"results": page, "next": "address" if there_is_more else None})


def _create_project(fake: FakeLabelStudio, request: httpx.Request) -> httpx.Response:
    number = fake.add_project(**json.loads(request.content))
    return httpx.Response(201, json=fake.projects[number])


def _project(fake: FakeLabelStudio, request: httpx.Request, number: str) -> httpx.Response:
    match request.method:
        case "PATCH":
            fake.projects[int(number)] |= json.loads(request.content)
        case "DELETE":
            del fake.projects[int(number)]
            return httpx.Response(204)
    return httpx.Response(200, json=fake.projects[int(number)])


def _nothing(_: FakeLabelStudio, __: httpx.Request, *___: str) -> httpx.Response:
    return httpx.Response(204)


def _role(request: httpx.Request) -> str:
    return "target" if "/export/" in request.url.path else "source"


def _storages(fake: FakeLabelStudio, request: httpx.Request, _: str | None) -> httpx.Response:
    kept = fake.storages[_role(request)]
    if request.method == "GET":
        project = int(request.url.params["project"])
        return httpx.Response(200, json=[storage for storage in kept.values() if storage["project"] == project])
    number = len(kept) + 1
    kept[number] = {"id": number, "status": "initialized", "traceback": "", **json.loads(request.content)}
    return httpx.Response(201, json=kept[number])


def _storage(fake: FakeLabelStudio, request: httpx.Request, _: str | None, number: str) -> httpx.Response:
    kept = fake.storages[_role(request)]
    if request.method == "DELETE":
        del kept[int(number)]
        return httpx.Response(204)
    kept[int(number)] |= json.loads(request.content)
    return httpx.Response(200, json=kept[int(number)])


def _sync(fake: FakeLabelStudio, request: httpx.Request, _: str | None, number: str) -> httpx.Response:
    storage = fake.storages[_role(request)][int(number)]
    storage |= {"status": fake.sync_status, "traceback": 'Traceback:\n  File "a"\nValueError: Error loading JSON'}
    return httpx.Response(200, json=storage)


def _all(kind: str) -> Callable[..., httpx.Response]:
    """What lists and makes the webhooks or model servers of a project."""

    def answer(fake: FakeLabelStudio, request: httpx.Request) -> httpx.Response:
        kept = getattr(fake, kind)
        if request.method == "GET":
            project = int(request.url.params["project"])
            return httpx.Response(200, json=[it for it in kept.values() if it["project"] == project])
        number = max(kept, default=0) + 1
        kept[number] = {"id": number, **json.loads(request.content)}
        return httpx.Response(201, json=kept[number])

    return answer


def _one(kind: str) -> Callable[..., httpx.Response]:
    """What changes and deletes one of them."""

    def answer(fake: FakeLabelStudio, request: httpx.Request, number: str) -> httpx.Response:
        kept = getattr(fake, kind)
        if request.method == "DELETE":
            del kept[int(number)]
            return httpx.Response(204)
        kept[int(number)] |= json.loads(request.content)
        return httpx.Response(200, json=kept[int(number)])

    return answer


ROUTES: list[tuple[str, Callable[..., httpx.Response]]] = [
    (r"GET /health", _nothing),
    (r"GET /user/(?:login|signup)/", _page),
    (r"POST /user/login/", _log_in),
    (r"POST /user/signup/", _sign_up),
    (r"GET /api/invite", _invite),
    (r"GET /api/projects/", _projects),
    (r"POST /api/projects/", _create_project),
    (r"POST /api/projects/(?:\d+/)?validate/", _nothing),
    (r"(?:GET|PATCH|DELETE) /api/projects/(\d+)/", _project),
    (r"(?:GET|POST) /api/storages/(export/)?s3/?", _storages),
    (r"(?:PATCH|DELETE) /api/storages/(export/)?s3/(\d+)", _storage),
    (r"POST /api/storages/(export/)?s3/(\d+)/sync", _sync),
    (r"(?:GET|POST) /api/webhooks/", _all("webhooks")),
    (r"(?:PATCH|DELETE) /api/webhooks/(\d+)/", _one("webhooks")),
    (r"(?:GET|POST) /api/ml", _all("backends")),
    (r"(?:PATCH|DELETE) /api/ml/(\d+)", _one("backends")),
]
