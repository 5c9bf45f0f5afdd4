"""The program that makes a base backup, in the released packages of Label Studio, whose drivers differ."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from components.postgresql import base_backup
from components.postgresql.cnpg_upgrade import SCRIPT
from tests.contract.label_studio import VERSIONS, package


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_that_does_not_answer_is_the_reason(version: str) -> None:
    variables = {"VERSION": "1", "SECONDS_TO_WAIT": "1", "DATABASE": "ls", "PGHOST": "127.0.0.1", "PGPORT": "1"}
    ended = subprocess.run([package(version), "-c", SCRIPT], env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    said = ended.stderr.strip()
    assert said.startswith("No base backup can be made: ") and "refused" in said and "\n" not in said
    assert said.endswith("The running page was not changed.")


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        self.answer(None)

    def do_POST(self) -> None:
        self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, body: Any) -> None:
        self.server.asked.append((self.command, self.path, self.headers["Authorization"], body))
        status = 403 if self.path.endswith("/forbidden") else 200
        text = json.dumps({"message": "not yours"} if status == 403 else {"kind": "Backup"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    (tmp_path / "token").write_text("hunter2")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as serving:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        serving.socket = context.wrap_socket(serving.socket, server_side=True)
        server: Any = serving
        server.asked = []
        monkeypatch.setattr(base_backup, "ACCOUNT", tmp_path)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(serving.server_port))
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def test_the_api_server_is_asked_as_the_account_of_the_pod(server: Any) -> None:
    ask = base_backup.asker("stack")
    assert ask("POST", "backups", body={"kind": "Backup"}) == ask("GET", "backups", "one") == {"kind": "Backup"}
    place = "/apis/postgresql.cnpg.io/v1/namespaces/stack/backups"
    assert server.asked == [
        ("POST", place, "Bearer hunter2", {"kind": "Backup"}),
        ("GET", f"{place}/one", "Bearer hunter2", None),
    ]
    with pytest.raises(OSError, match="GET backups: 403 not yours"):
        ask("GET", "backups", "forbidden")
