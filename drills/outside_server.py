"""A store of S3, a model server and a receiver of webhooks, each on a port of its own: drills/outside.py runs it.

Every bucket has every object, which is an image of one pixel; every prediction is empty.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100000005000100"
    "0d0a2db40000000049454e44ae426082"
)


class Outside(BaseHTTPRequestHandler):
    """Answers by path alone."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The health of the model server, or an object."""
        if self.path in ("/health", "/versions"):
            self._answer({"status": "UP", "model_class": "Drill", "versions": ["1"]})
        else:
            self._send(PIXEL, "image/png")

    do_HEAD = do_GET  # noqa: N815 - the name that the base class asks for

    def do_POST(self) -> None:
        """A model server's answers; webhooks take any."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path == "/predict":
            self._answer({"results": [{"result": [], "score": 0.5} for _ in asked["tasks"]]})
        else:
            self._answer({"model_version": "1"})

    def _answer(self, content: Any) -> None:
        self._send(json.dumps(content).encode(), "application/json")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


for port in sys.argv[1:]:
    threading.Thread(target=ThreadingHTTPServer(("", int(port)), Outside).serve_forever).start()
