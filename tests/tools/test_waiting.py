"""A command that is watched: it does what it would do alone, and what the stack waits for stands beside its output."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from components.stack.settings import Settings
from scripts.waiting import __main__ as command_line
from scripts.waiting import watch
from tests.tools.test_preflight import api_server, settings, url_of
from tests.unit.test_waiting import CLAIM

ROOT = "/api/v1/namespaces/label-studio"
WAITING = {
    f"{ROOT}/persistentvolumeclaims": {"items": [CLAIM]},
    "/apis/storage.k8s.io/v1/storageclasses": {"items": []},
}
SLEEP = [sys.executable, "-c", "import time; time.sleep(1); print('done'); exit(7)"]


def command(given: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(command_line, "stack_config", lambda _: {})
    monkeypatch.setattr(command_line, "validate_stack", lambda _: given)
    return command_line.main(["mine", *arguments])


def test_a_command_ends_with_its_status_and_reasons_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scripts.waiting.reasons.UNBOUND", 0)
    monkeypatch.setattr(watch, "EVERY", 0.1)
    with api_server(kinds=WAITING) as server:
        assert command(settings(tmp_path, url_of(server)), monkeypatch, "--", *SLEEP) == 7
    printed = capfd.readouterr()
    assert printed.out == "done\n"
    [line] = printed.err.strip().splitlines()
    assert line.startswith("Waiting: PersistentVolumeClaim label-studio-ls-pvc is not bound: it names no StorageClass")
    assert "kubectl --context it annotate storageclass" in line


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "unknown"])
def test_a_cluster_that_cannot_be_asked_is_for_the_command_to_tell(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watch, "EVERY", 0.1)
    began = time.monotonic()
    given = settings(tmp_path, url)
    if url == "unknown":
        given = given.model_copy(update={"cluster": given.cluster.model_copy(update={"context": "production"})})
    assert command(given, monkeypatch, "--", *SLEEP) == 7
    assert time.monotonic() - began < 10
    assert capfd.readouterr() == ("done\n", "")


def test_without_a_command_it_says_what_is_waited_for_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with api_server(kinds=WAITING) as server:
        given = settings(tmp_path, url_of(server))
        assert command(given, monkeypatch) == 1
        assert capfd.readouterr().out.startswith("Waiting: PersistentVolumeClaim ")
        server.kinds = {}
        assert command(given, monkeypatch) == 0
        assert capfd.readouterr().out == "Nothing in the namespace label-studio waits for anything.\n"


PAGE = {
    "metadata": {
        "namespace": "label-studio",
        "name": "label-studio-ls-app-1",
        "labels": {"app.kubernetes.io/name": "ls-app"},
    },
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
HEALTH = f"{ROOT}/pods/label-studio-ls-app-1:8085/proxy/health"


def test_without_a_command_it_names_the_services_that_do_not_answer_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    away = {f"{ROOT}/pods": {"items": [PAGE]}, HEALTH: {"status": "UP", "away": ["object store"]}}
    with api_server(kinds=away) as server:
        given = settings(tmp_path, url_of(server))
        assert command(given, monkeypatch) == 1
        assert capfd.readouterr().out == "No answer: object store to label-studio-ls-app-1 in label-studio\n"
        server.kinds = {**away, HEALTH: {"status": "UP", "away": []}}
        assert command(given, monkeypatch) == 0


def test_a_pod_that_may_not_be_asked_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with api_server(kinds={f"{ROOT}/pods": {"items": [PAGE]}}) as server:
        assert command(settings(tmp_path, url_of(server)), monkeypatch) == 0


def test_a_cluster_that_does_not_answer_is_an_error_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(settings(tmp_path, "http://127.0.0.1:1"), monkeypatch) == 1
    assert "error: the cluster of context it does not answer" in capfd.readouterr().err
