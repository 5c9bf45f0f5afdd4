"""A receiver of webhooks in a namespace of its own, which remembers what it was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.cluster.api import Api, wait

PORT = 8080
NAME, NAMESPACE = "receiver", "e2e-receiver"
URL = f"http://{NAME}.{NAMESPACE}.svc.cluster.local:{PORT}"
SERVER = f"""
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(json.dumps({{"path": self.path, "headers": dict(self.headers), "body": body}}), flush=True)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
print("{{}}", flush=True)
http.server.ThreadingHTTPServer(("", {PORT}), Handler).serve_forever()
"""


@dataclass(frozen=True)
class Receiver:
    """``URL`` is its address in the cluster."""

    api: Api

    def received(self) -> list[dict[str, Any]]:
        """Path, headers and body of each request so far."""
        log = self.api.text(f"/api/v1/namespaces/{NAMESPACE}/pods/{NAME}/log", container=NAME)
        return [found for line in log.splitlines() if (found := json.loads(line))]


@contextmanager
def receiver(api: Api, image: str) -> Iterator[Receiver]:
    """One that runs, from an image that has Python."""
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": {"app": NAME}}
    container = {"name": NAME, "image": image, "imagePullPolicy": "IfNotPresent", "command": ["python3", "-c", SERVER]}
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app": NAME}, "ports": [{"port": PORT}]},
        },
    ]
    api.apply(objects)
    try:
        wait("the receiver", lambda: bool(_log(api)), 120)
        yield Receiver(api)
    finally:
        api.delete(objects[:1])


def _log(api: Api) -> str:
    status = api.get(f"/api/v1/namespaces/{NAMESPACE}/pods/{NAME}")["status"]
    if not any("running" in each["state"] for each in status.get("containerStatuses", [])):
        return ""
    return api.text(f"/api/v1/namespaces/{NAMESPACE}/pods/{NAME}/log", container=NAME)
