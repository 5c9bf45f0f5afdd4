"""Declared webhooks with the released packages of Label Studio: loopback stands for a private network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import pytest

from components.annotation_project.job.api import LabelStudio
from components.annotation_project.job.errors import RefusedError
from components.annotation_project.job.webhooks import LIST, MARK, OWN_ACTIONS, Webhooks
from components.annotation_project.webhook_settings import Action
from tests.contract.label_studio import VERSIONS, served
from tests.unit.projects.test_export import box
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROJECT = {"label_config": LABELLING, "tasks": [{"image": "s3://projects/cats/input/a.jpg"}]}
CHECKS = "1.23.2"
Received = list[tuple[str, dict[str, str], dict[str, Any]]]


@contextmanager
def receiver(received: Received, elsewhere: str = "") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, {**self.headers}, body))
            self.send_response(307 if elsewhere else 200)
            self.send_header("Location", elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def opened(page: Any) -> LabelStudio:
    api = LabelStudio(f"http://127.0.0.1:{page['port']}", 30)
    assert api.log_in("projects@example.com", "password")
    return api


def annotate(api: LabelStudio, page: Any) -> None:
    api.request("POST", f"/api/tasks/{page['tasks'][0]}/annotations/", json={"result": [box("cat")]})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_declared_receiver_gets_each_event_with_the_secret(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_0", "s3cret")
    received: Received = []
    astray: Received = []
    with (
        receiver(received) as url,
        receiver(astray) as stranger,
        receiver([], elsewhere=stranger) as redirecting,
        served(version, tmp_path, PROJECT, DECLARED_WEBHOOK_RECEIVERS=f"{url},{redirecting}") as page,
    ):
        api = opened(page)
        webhooks = Webhooks(api, page["project"], "cats")
        hook = {"url": f"{url}/events", "actions": [], "header": "Authorization", "variable": "WEBHOOK_0"}
        # Every action that the settings take is one that each release takes.
        webhooks.apply([{**hook, "actions": get_args(Action)}])
        by_hand = {"project": page["project"], "url": f"{url}/own", "actions": ["ANNOTATION_CREATED"]}
        api.request("POST", LIST, json={**by_hand, "send_for_all_actions": False})
        lost = {**hook, "url": f"{redirecting}/", "actions": ["ANNOTATION_CREATED"]}
        webhooks.apply([{**hook, "actions": ["ANNOTATION_CREATED", *OWN_ACTIONS]}, lost])
        annotate(api, page)
        [(headers, body)] = [(headers, body) for path, headers, body in received if path == "/events"]
        assert (headers["Authorization"], headers[MARK]) == ("Bearer s3cret", "cats")
        assert (body["action"], body["project"]["id"]) == ("ANNOTATION_CREATED", page["project"])
        assert body["annotation"]["result"][0]["value"]["rectanglelabels"] == ["cat"]
        if version == CHECKS:
            assert astray == [], "a redirection must not lead past the guard"
        webhooks.apply([])
        annotate(api, page)
        assert sorted(path for path, _, _ in received) == ["/events", "/own", "/own"]


def test_the_newest_release_refuses_a_receiver_that_is_not_declared(tmp_path: Path) -> None:
    received: Received = []
    with (
        receiver(received) as url,
        served(CHECKS, tmp_path, PROJECT, DECLARED_WEBHOOK_RECEIVERS="http://127.0.0.1:1") as page,
    ):
        hook = {"url": url, "actions": ["ANNOTATION_CREATED"], "header": None, "variable": None}
        with pytest.raises(RefusedError, match=f"webhook {url}: .*reserved network address"):
            Webhooks(opened(page), page["project"], "cats").apply([hook])
