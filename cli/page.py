"""Label Studio's API, on the session of the account of declared projects."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from .errors import ProjectError

# The page itself ends a request after two minutes.
SECONDS = 150
TASKS = 100


class Page:
    """``url`` is scheme, host and port of the page."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        # Behind TLS its cookies are marked as secure, but here the way to the page is a tunnel to its pod.
        self._session.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("http", "https")))

    def log_in(self, email: str, password: str) -> None:
        """Act as an account from now on; ProjectError where Label Studio does not know it."""
        self._send("GET", "/user/login/")
        form = {"email": email, "password": password, "csrfmiddlewaretoken": self._csrf}
        if not self._send("POST", "/user/login/", data=form, allow_redirects=False).is_redirect:
            raise ProjectError("Label Studio does not know the account for declared projects; run pulumi up")

    def tasks(self, project: int) -> Iterator[dict[str, Any]]:
        """All tasks of a project, a page of the list at a time, with the model versions that predicted them.

        Addresses of data are those of the bucket, and not the ones that the page shows them from.
        """
        page, seen, total = 1, 0, 1
        while seen < total:
            query = {"project": project, "page": page, "page_size": TASKS, "fields": "all", "resolve_uri": "false"}
            answer = self._send("GET", "/api/tasks", params=query).json()
            yield from answer["tasks"]
            page, seen, total = page + 1, seen + TASKS, answer["total"]

    def label_config(self, project: int) -> str:
        """The labelling configuration of a project."""
        return str(self._send("GET", f"/api/projects/{project}/").json()["label_config"])

    def import_predictions(self, project: int, predictions: list[dict[str, Any]]) -> None:
        """Add predictions to tasks of a project, all or none of them."""
        self._send("POST", f"/api/projects/{project}/import/predictions", json=predictions)

    @property
    def _csrf(self) -> str:
        return self._session.cookies.get("csrftoken") or ""

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {"X-CSRFToken": self._csrf}
        try:
            answer = self._session.request(method, self._url + path, headers=headers, timeout=SECONDS, **arguments)
        except requests.RequestException as error:
            raise ProjectError(f"Label Studio does not answer ({type(error).__name__})") from None
        if not answer.ok:
            raise ProjectError(f"Label Studio refuses {method} {path}: {answer.status_code} {_reason(answer)}".strip())
        return answer


def _reason(answer: requests.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return ""
    return str(found.get("detail", "")) if isinstance(found, dict) else ""
