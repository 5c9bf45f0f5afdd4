"""Label Studio's API on the session of one account.

A session works whatever kinds of API token the organization allows, and any number of them at once (a user may have
one personal access token only).
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from typing import Any

import httpx

from .errors import RefusedError

POLL_SECONDS = 2.0
# For an answer that says that nothing came in time, after what the page itself lets a request take: without queue
# workers, a sync takes place within its request.
PATIENCE = 5.0


class _Session(httpx.Auth):
    """Sends the cookies even over http: behind TLS they are marked as secure, but jobs speak to the Service itself."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # The client's own cookies lack the secure ones, and outlive a log-out.
        request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request.headers["X-CSRFToken"] = self.cookies.get("csrftoken", "")
        response = yield request
        self.cookies |= {cookie.name: cookie.value or "" for cookie in response.cookies.jar}


class LabelStudio:
    """``url`` is scheme, host and port of the page, which lets a request take ``seconds``."""

    def __init__(self, url: str, seconds: float, transport: httpx.BaseTransport | None = None) -> None:
        self._session = _Session()
        timeout = seconds + PATIENCE
        self._http = httpx.Client(base_url=url, auth=self._session, timeout=timeout, transport=transport)

    @classmethod
    def of_environment(cls) -> LabelStudio:
        """The page that the variables of a job name."""
        return cls(os.environ["LABEL_STUDIO_URL"], float(os.environ["REQUEST_SECONDS"]))

    def wait(self, seconds: float) -> None:
        """Until the page and its database answer; httpx.HTTPError if they do not within ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._http.get("/health").raise_for_status()
                return
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    def log_in(self, email: str, password: str) -> bool:
        """Whether Label Studio knows the account; requests from now on are made by it."""
        return self._submit("/user/login/", email, password)

    def sign_up(self, invitation: str, email: str, password: str) -> bool:
        """Make an account with an invitation's token; False where Label Studio refuses it."""
        return self._submit("/user/signup/", email, password, token=invitation)

    def log_out(self) -> None:
        """Forget who is logged in."""
        self._session.cookies.clear()

    def request(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """Call the API; RefusedError says why it did not do it."""
        response = self._http.request(method, path, json=json, params=query or None)
        if 400 <= response.status_code < 500:
            raise RefusedError(_reason(response))
        response.raise_for_status()
        return response.json() if response.content else None

    def projects(self) -> Iterator[dict[str, Any]]:
        """All projects, page by page."""
        page = 1
        while page:
            answer = self.request("GET", "/api/projects/", page=page, page_size=100)
            yield from answer["results"]
            page = page + 1 if answer["next"] else 0

    def _submit(self, path: str, email: str, password: str, **query: str) -> bool:
        self.log_out()
        self._http.get(path, params=query).raise_for_status()
        form = {"email": email, "password": password, "csrfmiddlewaretoken": self._session.cookies["csrftoken"]}
        response = self._http.post(path, data=form, params=query)
        if response.is_server_error:
            response.raise_for_status()
        return response.is_redirect


def _reason(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return f"Label Studio answered {response.status_code}"
    # Most answers are wrapped by Label Studio's handler of errors, a few are those of the framework beneath.
    known = isinstance(answer, dict) and (answer.get("validation_errors") or answer.get("detail"))
    return "; ".join(_texts(known or answer)) or f"Label Studio answered {response.status_code}"


def _texts(problems: Any) -> Iterator[str]:
    match problems:
        case dict():
            for problem in problems.values():
                yield from _texts(problem)
        case list():
            for problem in problems:
                yield from _texts(problem)
        case None:
            return
        case _:
            yield str(problems)
