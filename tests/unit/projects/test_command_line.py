"""The command line tells errors in one line, and what it asks of Pulumi, Kubernetes and S3 is what they understand."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from projects.errors import ProjectError
from projects.stack import SecretKey, Stack

ROOT = Path(__file__).parents[3]


def place(**fields: Any) -> dict[str, Any]:
    key = {"name": "store-cats-upload", "key": "access-key"}
    return {
        "bucket": "projects",
        "prefix": "cats/input/",
        "region": "us-east-1",
        "endpoint": "http://store.ls.svc.cluster.local:9000",
        "accessKeyId": key,
        "secretAccessKey": {**key, "key": "secret-key"},
        "sessionToken": None,
        "ca": None,
        **fields,
    }


OUTPUTS = {
    "context": "somewhere",
    "namespace": "ls",
    "projects": {
        "cats": {"declaration": "ls-cats", "syncJob": "ls-cats-sync", "upload": place(), "export": place()},
        "dogs": {"declaration": "ls-dogs", "syncJob": "ls-dogs-sync", "upload": place()},
    },
}


def command(*arguments: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with another PATH, so that its ``pulumi`` is ours."""
    return subprocess.run(
        [sys.executable, "-m", "projects", *arguments],
        cwd=ROOT,
        env={**os.environ, "PATH": str(path), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def pulumi(folder: Path, script: str) -> Path:
    executable = folder / "pulumi"
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(0o755)
    return folder


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(OUTPUTS))
    return file


def test_a_stack_says_where_people_upload_and_export() -> None:
    cats = Stack.of(OUTPUTS).project("cats")
    assert (cats.upload.bucket, cats.upload.prefix) == ("projects", "cats/input/")
    assert cats.upload.secret_access_key == SecretKey("store-cats-upload", "secret-key")
    assert Stack.of(OUTPUTS).project("dogs").export is None


def test_a_stack_that_was_never_deployed_says_so() -> None:
    with pytest.raises(ProjectError, match="no output 'projects'; run pulumi up first"):
        Stack.of({})


def test_an_unknown_project_is_told_with_the_known_ones(tmp_path: Path, outputs: Path) -> None:
    answer = command("--outputs", str(outputs), "sync", "birds", path=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr == "error: no project birds is declared; the stack has: cats, dogs\n"


def test_the_selected_stack_is_asked_for_by_the_pulumi_command(tmp_path: Path, outputs: Path) -> None:
    answers = f'[ "$*" = "stack output --json --non-interactive --stack prod" ] && exec /bin/cat {outputs}'
    answer = command("--stack", "prod", "sync", "birds", path=pulumi(tmp_path, answers))
    assert "the stack has: cats, dogs" in answer.stderr


def test_what_pulumi_complains_of_is_told(tmp_path: Path) -> None:
    answer = command("sync", "cats", path=pulumi(tmp_path, "echo 'error: no stack selected' >&2; exit 255"))
    assert answer.stderr == "error: pulumi cannot say what the stack has: error: no stack selected\n"
    assert command("sync", "cats", path=tmp_path / "empty").stderr == "error: the pulumi command is not installed\n"


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(403, "Forbidden")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def kubeconfig(folder: Path, server: str) -> Path:
    """A kubeconfig whose context ``somewhere`` leads to a server."""
    file = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "somewhere",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "somewhere", "context": {"cluster": "c", "user": "u"}}],
    }
    file.write_text(json.dumps(document))
    return file


def test_a_cluster_that_refuses_is_one_line(tmp_path: Path, outputs: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = kubeconfig(tmp_path, f"http://127.0.0.1:{server.server_port}")
        answer = command("--outputs", str(outputs), "list", path=tmp_path, KUBECONFIG=str(config))
        server.shutdown()
    assert (answer.returncode, answer.stderr) == (1, "error: the cluster refuses what this command needs: Forbidden\n")


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path, outputs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    config = kubeconfig(tmp_path, f"http://127.0.0.1:{port}")
    answer = command("--outputs", str(outputs), "list", path=tmp_path, KUBECONFIG=str(config))
    last = answer.stderr.splitlines()[-1]
    assert (answer.returncode, last) == (1, "error: the cluster does not answer (NewConnectionError)")
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "cats", "TIFF"], "there is no format TIFF; choose COCO, YOLO, VOC, CSV, JSON"),
        (["export", "dogs", "coco"], "the project dogs has no target to export from"),
        (["upload", "cats", "{folder}"], "there are no files in {folder}"),
        (["sync", "cats"], "the kubeconfig has no usable context somewhere"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str, tmp_path: Path, outputs: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "contexts": [], "current-context": ""}))
    given = [argument.format(folder=folder) for argument in arguments]
    answer = command("--outputs", str(outputs), *given, path=tmp_path, KUBECONFIG=str(config))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"error: {message.format(folder=folder)}")
    assert answer.stderr.count("\n") == 1
