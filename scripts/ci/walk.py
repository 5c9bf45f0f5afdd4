"""Uses a deployed stack as a person does: logs in, uploads, annotates, exports.

`python -m scripts.ci.walk OUTPUTS PROJECT FOLDER`: OUTPUTS is a file with what
`pulumi stack output --json --show-secrets` printed, FOLDER has images for the declared PROJECT. The status is 1 where a
step did not do what it is for.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

SECONDS = 120
PORT = 8080


class WalkError(RuntimeError):
    """A step that failed; the message says which, and what came instead."""


class Person:
    """A session with the page."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()

    def log_in(self, email: str, password: str) -> None:
        """As the form does; WalkError where the page refuses."""
        self._http.get(f"{self._url}/user/login/", timeout=SECONDS).raise_for_status()
        form = {"email": email, "password": password, "csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        answer = self._http.post(f"{self._url}/user/login/", data=form, timeout=SECONDS, allow_redirects=False)
        if answer.status_code != requests.codes.found:
            raise WalkError(f"logging in: {answer.status_code} instead of 302")

    def ask(self, method: str, path: str, **content: Any) -> Any:
        """The JSON that the API answers; WalkError for an error."""
        headers = {"X-CSRFToken": str(self._http.cookies["csrftoken"]), "Referer": self._url}
        answer = self._http.request(method, f"{self._url}{path}", headers=headers, timeout=SECONDS, **content)
        if not answer.ok:
            raise WalkError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """The tasks of a project."""
        found: list[dict[str, Any]] = self.ask("GET", f"/api/tasks?project={project}&page_size=100&fields=all")["tasks"]
        return found


def walk(outputs_file: Path, project: str, folder: Path) -> str:
    """All steps; what was done."""
    outputs = json.loads(outputs_file.read_text())

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "cli", "--outputs", str(outputs_file), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - of this project
        if done.returncode != 0:
            raise WalkError(f"{arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    files = sum(1 for each in folder.rglob("*") if each.is_file())
    with _forwarded(outputs_file) as url:
        person = Person(url)
        person.log_in(outputs["administrator"], outputs["administratorPassword"])
        run("upload", project, str(folder))
        number = int(run("sync", project).strip().rpartition("/projects/")[2].split("/")[0])
        tasks = person.tasks(number)
        if len(tasks) < files:
            raise WalkError(f"{len(tasks)} tasks of {files} files")
        image = Path(tasks[0]["storage_filename"]).name
        person.ask("POST", f"/api/tasks/{tasks[0]['id']}/annotations/", json={"result": []})
        run("sync", project)
        with tempfile.TemporaryDirectory() as exports:
            said = run("export", project, "JSON", "--output", exports)
            if image not in "".join(each.read_text() for each in Path(exports).rglob("*.json")):
                raise WalkError(f"the export lacks {image}: {said}")
    return f"Logged in at {outputs.get('url') or url}, uploaded {files} files, annotated {image}, exported it.\n"


@contextmanager
def _forwarded(outputs_file: Path) -> Iterator[str]:
    """The address of the page by way of `make open`, once it answers."""
    command = [sys.executable, "-m", "cli", "--outputs", str(outputs_file), "open", "--port", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - of this project
        try:
            url = f"http://localhost:{PORT}"
            _wait_for(f"{url}/health", process)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=10).ok:
                return
        except requests.RequestException:
            time.sleep(1)
    raise WalkError(f"{url} does not answer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk, and print what was done."""
    parser = argparse.ArgumentParser(prog="scripts.ci.walk", description="Use a deployed stack as a person does.")
    parser.add_argument("outputs", type=Path)
    parser.add_argument("project")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(walk(given.outputs, given.project, given.folder))
    except WalkError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
