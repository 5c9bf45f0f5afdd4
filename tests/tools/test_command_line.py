"""The command line tells errors in one line, and what it asks of Pulumi, Kubernetes and S3 is what they understand."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cli.errors import ProjectError
from cli.stack import SecretKey, Stack

ROOT = Path(__file__).parents[2]


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
        [sys.executable, "-m", "cli", *arguments],
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


def test_a_page_with_an_address_is_opened_there(tmp_path: Path, outputs: Path) -> None:
    outputs.write_text(json.dumps({**OUTPUTS, "url": "https://ls.example.com", "serviceName": "page"}))
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > "$0.url"\n')
    browser.chmod(0o755)
    shown = {"DISPLAY": ":0", "BROWSER": str(browser)}
    answer = command("--outputs", str(outputs), "open", path=tmp_path, **shown)
    assert (answer.returncode, answer.stdout) == (0, "https://ls.example.com\n")
    wait_for(Path(f"{browser}.url"))
    refused = command("--outputs", str(outputs), "open", "--port", "8080", path=tmp_path)
    assert refused.stderr == (
        "error: the page works under its own address https://ls.example.com only; leave PORT out\n"
    )


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stack_without_projects_says_so(tmp_path: Path, outputs: Path) -> None:
    outputs.write_text(json.dumps({**OUTPUTS, "projects": {}}))
    answer = command("--outputs", str(outputs), "list", path=tmp_path)
    assert "The stack declares no projects" in answer.stdout


def test_ctrl_c_ends_an_upload_without_waiting_for_the_rest(tmp_path: Path, outputs: Path) -> None:
    """The files that are on their way take a minute each; what waits behind them would take hours."""
    script = (
        "import sys, time, cli.__main__ as m, cli.data as d, cli.store as s\n"
        "from contextlib import nullcontext\n"
        "class Slow:\n"
        "    def get_paginator(self, _):\n"
        "        return type('Pages', (), {'paginate': lambda *_, **__: []})()\n"
        "    def generate_presigned_url(self, *_, **__):\n"
        "        print('uploading', flush=True); time.sleep(60)\n"
        "d._to_upload = lambda cluster, project, files, made: (files, [])\n"
        "d.open_store = lambda cluster, place, endpoint: nullcontext(s.Store(Slow(), place))\n"
        "m.main()\n"
    )
    for number in range(100):
        (tmp_path / f"{number}.txt").touch()
    process = subprocess.Popen(
        [sys.executable, "-c", script, "--outputs", str(outputs), "upload", "cats", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while "uploading" not in process.stdout.readline():
        assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 3
    assert (process.returncode, said) == (130, "stopped; what was begun in the cluster goes on\n")


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
        (["download", "dogs", "coco", "{folder}"], "the project dogs has no target to export from"),
        (["download", "cats", "coco", "{folder}"], "the stack does not say yet who may read the data; run pulumi up"),
        (["download", "cats", "coco", "{folder}", "--snapshot", "a/b"], "SNAPSHOT=a/b is no name: write up to 100"),
        (["download", "cats", "coco", "{folder}", "--snapshot", "a"], "the buckets of the stack keep no versions, so"),
        (["upload", "cats", "{folder}"], "there are no files in {folder}"),
        (["upload", "cats", "{folder}/missing"], "there is no folder '{folder}/missing'"),
        (["upload", "cats", ""], "there is no folder ''; write . for the one that you are in"),
        (["upload", "cats", " "], "there is no folder ' '"),
        (["predictions", "cats", "p.jsonl"], "the stack does not say yet who imports predictions; run pulumi up first"),
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


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["upload"], "PROJECT"),
        (["upload", "PROJECT=cats"], "DIR"),
        (["upload", "PROJECT=cats", "DIR="], "DIR"),
        (["upload", "PROJECT=cats", "DIR= "], "DIR"),
        (["upload", "DIR=images"], "PROJECT"),
        (["sync"], "PROJECT"),
        (["export", "PROJECT=cats"], "FORMAT"),
        (["export", "FORMAT=COCO"], "PROJECT"),
        (["download", "PROJECT=cats", "FORMAT=COCO"], "TO"),
        (["predictions", "PROJECT=cats"], "FILE"),
        (["mirror"], "REGISTRY"),
    ],
)
def test_make_names_the_variable_that_is_missing(arguments: list[str], missing: str, tmp_path: Path) -> None:
    answer, called = make(tmp_path, *arguments)
    assert answer.returncode != 0
    assert answer.stderr.startswith(f"error: {missing} is missing; write make {arguments[0]} ")
    assert called == ""


@pytest.mark.parametrize(("given", "option"), [([], ""), (["SNAPSHOT=2026-11"], " --snapshot 2026-11")])
def test_make_downloads_a_snapshot_if_it_is_named(given: list[str], option: str, tmp_path: Path) -> None:
    _, called = make(tmp_path, "download", "PROJECT=cats", "FORMAT=COCO", "TO=set", *given)
    assert called == f"-m cli --stack somewhere download cats COCO set{option}\n"


@pytest.mark.parametrize("target", ["down", "uninstall", "logs", "shell", "password"])
def test_what_is_about_this_machine_is_not_done_for_another_cluster(target: str, tmp_path: Path) -> None:
    answer, called = make(tmp_path, target)
    assert answer.returncode != 0
    assert answer.stderr.startswith(f"error: make {target} is for this machine: leave CONTEXT and STACK out")
    assert called == ""


def test_make_destroys_stacks_of_other_clusters(tmp_path: Path) -> None:
    _, called = make(tmp_path, "destroy", "YES=1")
    assert called == "-m scripts.cluster_stack destroy somewhere --context somewhere --yes\n"


def test_make_destroys_nothing_here(tmp_path: Path) -> None:
    answer, called = make(tmp_path, "destroy", "CONTEXT=")
    assert "error: make destroy is for a cluster of yours: write make uninstall" in answer.stderr
    assert called == ""


def test_make_says_what_a_stack_in_another_cluster_waits_for(tmp_path: Path) -> None:
    _, called = make(tmp_path, "status")
    assert called == "-m scripts.waiting somewhere\n"


def test_a_port_is_not_chosen_for_another_cluster(tmp_path: Path) -> None:
    answer, called = make(tmp_path, "up", "PORT=31000")
    assert "error: PORT is for this machine" in answer.stderr
    assert called == ""


def test_make_opens_the_page_of_another_cluster_at_a_port(tmp_path: Path) -> None:
    _, called = make(tmp_path, "open", "PORT=8081")
    assert called == "-m cli --stack somewhere open --port 8081\n"


@pytest.mark.parametrize("directory", [".", "some images"])
def test_make_uploads_the_folder_that_is_named(directory: str, tmp_path: Path) -> None:
    answer, called = make(tmp_path, "upload", "PROJECT=cats", f"DIR={directory}")
    assert answer.returncode == 0, answer.stderr
    assert called == f"-m cli --stack somewhere upload cats {directory}\n"


def make(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run a target with a Python that does nothing; returns also how that was called."""
    (folder / "python").write_text(f'#!/bin/sh\necho "$@" >>{folder}/called\n')
    (folder / "python").chmod(0o755)
    given = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "DIR", "PROJECT", "FORMAT"}}
    answer = subprocess.run(
        ["make", "--old-file=.venv/.installed", f"BIN={folder}", "CONTEXT=somewhere", *arguments],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    called = folder / "called"
    return answer, called.read_text() if called.exists() else ""


class Answering(BaseHTTPRequestHandler):
    """As much of an API server as has one object for each path."""

    objects: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        content = json.dumps(self.objects[self.path.partition("?")[0]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The objects of the cluster that commands ask, by their paths."""
    monkeypatch.setattr(Answering, "objects", {})
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, f"http://127.0.0.1:{server.server_port}")))
        yield Answering.objects
        server.shutdown()


def pod(project: str, minute: int, message: str | None) -> dict[str, Any]:
    """A pod of a job that ended at this minute with these words; one that runs still has none."""
    terminated = {"exitCode": 0, "finishedAt": f"2026-11-26T10:{minute:02}:00Z", "message": message}
    state = {"terminated": terminated} if message is not None else {"running": {}}
    status = {"name": "c", "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}
    # The last made is not always the last to end.
    created = f"2026-11-26T09:{59 - minute:02}:00Z"
    labels = {"app.kubernetes.io/instance": f"ls-{project}-sync"}
    return {"metadata": {"labels": labels, "creationTimestamp": created}, "status": {"containerStatuses": [status]}}


REPORT = json.dumps({"project": 7, "address": "http://page/projects/7", "tasks": 240, "sync": {}})
FAILURE = "Traceback (most recent call last):\nproject cats: Storage status (completed) must be QUEUED"


PAGE = "  page   http://page/projects/7"
FAILED = "  job    failed: project cats: Storage status (completed) must be QUEUED"


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        ([], ["  job    none has ended yet"]),
        ([pod("cats", 1, REPORT)], [PAGE, "  tasks  240", "  job    completed"]),
        ([pod("cats", 1, REPORT), pod("cats", 2, None)], [PAGE, "  tasks  240", "  job    completed"]),
        ([pod("cats", 1, FAILURE), pod("cats", 2, REPORT)], [PAGE, "  tasks  240", "  job    completed"]),
        ([pod("cats", 2, FAILURE), pod("cats", 1, REPORT)], [PAGE, "  tasks  240", FAILED]),
        ([pod("cats", 1, FAILURE)], [FAILED]),
        ([pod("cats", 1, '{"address": "cut')], ['  job    failed: {"address": "cut']),
    ],
)
def test_errors_of_jobs_are_not_told_as_addresses(
    pods: list[Any], told: list[str], objects: dict[str, Any], tmp_path: Path, outputs: Path
) -> None:
    objects["/api/v1/namespaces/ls/pods"] = {"kind": "PodList", "apiVersion": "v1", "items": pods}
    answer = command("--outputs", str(outputs), "list", path=tmp_path)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.partition("dogs\n")[0].splitlines()
    places = ["  source s3://projects/cats/input/", "  target s3://projects/cats/input/"]
    assert [line for line in lines if line not in places] == ["cats", *told]


def test_files_that_would_never_become_tasks_are_not_uploaded(
    objects: dict[str, Any], tmp_path: Path, outputs: Path
) -> None:
    declaration = {"storages": {"source": {"options": {"use_blob_urls": True, "recursive_scan": False}}}}
    objects["/api/v1/namespaces/ls/configmaps/ls-cats"] = {"data": {"declaration.json": json.dumps(declaration)}}
    images = tmp_path / "images"
    (images / "more").mkdir(parents=True)
    for name in ("one.png", "more/two.png"):
        (images / name).write_text("image")
    answer = command("--outputs", str(outputs), "upload", "cats", str(images), path=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr == (
        "error: cats makes no tasks of files in folders, such as more/two.png: "
        "upload them without, or set source.recursiveScan: true\n"
    )
