"""`make open CONTEXT=name`: a port of this machine leads to the page of a cluster that publishes no port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.cluster.api import Api, wait
from local.paths import CONTEXT, KUBECONFIG, PROJECT
from tests.platform.web import NAMESPACE, Web, answers, pods


@pytest.fixture
def outputs(web: Web, tmp_path: Path) -> Path:
    """What a stack with this page would say of itself."""
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({"context": CONTEXT, "namespace": NAMESPACE, "projects": {}, "serviceName": "web"}))
    return path


@contextmanager
def opened(outputs: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "cli", "--outputs", str(outputs), "open", "--port", str(port)]
    environment = {**os.environ, "KUBECONFIG": str(KUBECONFIG), "PYTHONUNBUFFERED": "1"}
    environment.pop("DISPLAY", None)
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_port_leads_to_the_page_also_after_its_pod_was_replaced_until_ctrl_c(outputs: Path) -> None:
    port, api = free_port(), Api()
    with opened(outputs, port) as process:
        assert process.stdout
        assert process.stdout.readline() == f"http://localhost:{port} leads to the page until you press Ctrl-C\n"
        assert answers(port)
        [pod] = pods(api)
        name = pod["metadata"]["name"]
        api.delete([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE}}])
        wait("another pod", lambda: name not in [each["metadata"]["name"] for each in pods(api)], 60)
        wait("the page behind the same port", lambda: answers(port), 60)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 3
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_port_that_is_taken_is_named(outputs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, opened(outputs, port := server.getsockname()[1]) as process:
        _, said = process.communicate(timeout=60)
    assert said == f"error: port {port} cannot be opened here (Address already in use); write another PORT\n"
