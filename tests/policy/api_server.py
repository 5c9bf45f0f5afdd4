"""As much of a Kubernetes API server as a preview asks for: it serves one ConfigMap and no other kind.

Every other object is previewed as it was asked for, so no cluster is needed, and none is changed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ANSWERS: dict[str, Any] = {
    "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.4"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ["get"]}],
    },
    "/api/v1/namespaces/default/configmaps/kube-root-ca.crt": {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-root-ca.crt", "namespace": "default", "uid": "1", "resourceVersion": "1"},
        "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
    },
}
NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(ANSWERS.get(self.path.partition("?")[0]))

    def do_POST(self) -> None:
        self._answer(None)

    do_PATCH = do_POST  # noqa: N815 - the names are the library's

    def _answer(self, content: Any) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(content or NOT_FOUND).encode()
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: tests print their own failures."""


@contextmanager
def serving(kubeconfig: Path, *contexts: str) -> Iterator[None]:
    """Serve on a free port of the loopback, and write a kubeconfig whose contexts all lead there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster = {"name": "preview", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    user = {"name": "preview", "user": {"token": "preview"}}
    pairs = [{"name": name, "context": {"cluster": "preview", "user": "preview"}} for name in contexts]
    kubeconfig.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "users": [user], "contexts": pairs})
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
