"""A person's session with Label Studio's own API: logs in by the form, then speaks JSON with the session's cookie."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import retry, retry_if_not_result, stop_after_delay, wait_fixed

IMAGE_CLASSIFICATION = """
<View>
  <Image name="image" value="$image"/>
  <Choices name="kind" toName="image"><Choice value="cat"/><Choice value="dog"/></Choices>
</View>
"""


class Session:
    """``url`` is the page's address; ``transport`` may lead a public host name to the loopback."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, transport=transport, timeout=120)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def serves(self) -> bool:
        """Whether the page answers now."""
        try:
            return self.http.get("/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def log_in(self, email: str, password: str) -> httpx.Response:
        """Post the login form; 302 to the projects where it was right."""
        self.http.get("/user/login/").raise_for_status()
        form = {"email": email, "password": password, "csrfmiddlewaretoken": self.http.cookies["csrftoken"]}
        return self.http.post("/user/login/", data=form, headers={"Referer": f"{self.url}/user/login/"})

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """Call the API and return its JSON; httpx.HTTPStatusError for an error."""
        headers = {"X-CSRFToken": self.http.cookies["csrftoken"], "Referer": self.url}
        response = self.http.request(method, path, headers=headers, **arguments)
        if response.is_error:
            raise AssertionError(f"{method} {path}: {response.status_code} {response.text[:500]}")
        return response.json() if response.content else None

    def version(self) -> str:
        """The release that answers."""
        return str(self.request("GET", "/api/version")["release"])

    def projects(self) -> dict[str, int]:
        """The id of each project by its title; AssertionError where two have the same one."""
        found = self.request("GET", "/api/projects/?page_size=100")["results"]
        by_title = {project["title"]: int(project["id"]) for project in found}
        assert len(by_title) == len(found), sorted(project["title"] for project in found)
        return by_title

    def create_project(self, title: str, label_config: str = IMAGE_CLASSIFICATION) -> int:
        """Make a project and return its id."""
        return int(self.request("POST", "/api/projects/", json={"title": title, "label_config": label_config})["id"])

    def upload(self, project: int, name: str, content: bytes, kind: str) -> str:
        """Upload a file as a task and return the address that the page shows it from."""
        self.request("POST", f"/api/projects/{project}/import", files={name: (name, content, kind)})
        tasks = self.request("GET", f"/api/tasks?project={project}")["tasks"]
        return str(tasks[-1]["data"]["image"])

    def export_snapshot(self, project: int) -> dict[str, Any]:
        """Ask for an export, which is a queued job, and wait until a worker has made it."""
        export = self.request("POST", f"/api/projects/{project}/exports/", json={"title": "snapshot"})

        @retry(
            stop=stop_after_delay(120),
            wait=wait_fixed(1),
            retry=retry_if_not_result(lambda it: it["status"] == "completed"),
        )
        def completed() -> dict[str, Any]:
            found: dict[str, Any] = self.request("GET", f"/api/projects/{project}/exports/{export['id']}")
            return found

        return completed()


def sign_up(url: str, token: str, email: str, password: str) -> httpx.Response:
    """Fill in the form that an invitation leads to; 302 where it made the account."""
    with Session(url) as stranger:
        address = f"/user/signup/?token={token}"
        stranger.http.get(address)
        form = {"email": email, "password": password, "allow_newsletters": "false"}
        form["csrfmiddlewaretoken"] = stranger.http.cookies.get("csrftoken") or "none: the link is no longer good"
        return stranger.http.post(address, data=form, headers={"Referer": f"{url}{address}"})
