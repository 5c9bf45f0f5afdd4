"""What `status` and `logs` tell, and the words of an expected error."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from components.settings.errors import SettingsError
from local import __main__ as command_line
from local import logs, platform, preconditions, report, stack
from local.cluster.process import Process
from local.engine import Engine, EngineError

RUN = CliRunner()


def pod(phase: str, *, ready: bool = False, owner: str = "", **container: Any) -> dict[str, Any]:
    owners = [{"uid": owner}] if owner else []
    status = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "containerStatuses": [{"ready": ready, "restartCount": 0, "state": container or {"running": {}}}],
    }
    return {"metadata": {"ownerReferences": owners}, "status": status}


@pytest.mark.parametrize(
    ("item", "well", "state"),
    [
        (pod("Running", ready=True), True, "Running"),
        (pod("Running"), False, "Running"),
        (pod("Succeeded"), True, "Succeeded"),
        (pod("Failed"), False, "Failed"),
        (pod("Pending", waiting={"reason": "ImagePullBackOff"}), False, "ImagePullBackOff"),
        (pod("Running", waiting={"reason": "CrashLoopBackOff"}), False, "CrashLoopBackOff"),
        (pod("Pending", waiting={"reason": "PodInitializing"}), False, "Pending"),
        ({"metadata": {"deletionTimestamp": "x"}, "status": {"phase": "Running"}}, False, "Terminating"),
    ],
)
def test_a_pod_and_what_is_wrong_with_it(item: dict[str, Any], well: bool, state: str) -> None:
    assert report._is_well(item) is well
    assert report._state(item) == state


def at(minute: int, made: dict[str, Any], **labels: str) -> dict[str, Any]:
    """A pod that was created then; other runs of a job have its labels and another owner."""
    made["metadata"] |= {"creationTimestamp": f"2026-01-02T03:{minute:02}:05Z", "namespace": "n"}
    made["metadata"]["labels"] = {f"app.kubernetes.io/{key}": value for key, value in labels.items()}
    return made


@pytest.mark.parametrize(
    ("failed", "other", "replaced"),
    [
        (at(1, pod("Failed", owner="a")), at(2, pod("Succeeded", owner="a")), True),
        (at(1, pod("Failed", owner="a")), at(2, pod("Running", ready=True, owner="a")), True),
        (at(1, pod("Failed", owner="a")), at(2, pod("Running", owner="a")), False),
        (at(1, pod("Failed", owner="b")), at(2, pod("Succeeded", owner="a")), False),
        (at(3, pod("Failed", owner="a")), at(2, pod("Succeeded", owner="a")), False),
        (
            at(1, pod("Failed", owner="a"), name="annotation-project", instance="cats-sync"),
            at(2, pod("Succeeded", owner="b"), name="annotation-project", instance="cats-sync"),
            True,
        ),
        (
            at(1, pod("Failed", owner="a"), name="annotation-project", instance="cats-sync"),
            at(2, pod("Succeeded", owner="b"), name="annotation-project", instance="dogs-sync"),
            False,
        ),
        (at(1, pod("Running", owner="a")), at(2, pod("Running", ready=True, owner="a")), False),
    ],
)
def test_a_failed_pod_that_a_good_one_followed_is_no_matter(
    failed: dict[str, Any], other: dict[str, Any], replaced: bool
) -> None:
    assert report._was_replaced(failed, [failed, other]) is replaced


def test_a_failed_job_says_why_until_a_good_one_followed() -> None:
    metadata = {"name": "export-1", "namespace": "labels", "creationTimestamp": "2026-11-27T02:00:00Z"}
    labels = {"app.kubernetes.io/name": "annotation-project", "app.kubernetes.io/instance": "export"}
    terminated = {"message": "Trying again in 10 seconds.\nproject cats: export as COCO: the key may not [read]\n"}
    status = {"phase": "Failed", "containerStatuses": [{"state": {"terminated": terminated}}]}
    failed = {"metadata": {**metadata, "labels": labels}, "status": status}
    [line] = report.last_words([failed])
    assert line == r"[red]Failed[/] export-1 in labels: project cats: export as COCO: the key may not \[read]"
    later = {**metadata, "name": "export-2", "creationTimestamp": "2026-11-28T02:00:00Z", "labels": labels}
    assert [*report.last_words([failed, {"metadata": later, "status": {"phase": "Succeeded"}}])] == []


@pytest.mark.parametrize(("seconds", "age"), [(5, "5s"), (125, "2m"), (7300, "2h"), (180000, "2d")])
def test_ages(monkeypatch: pytest.MonkeyPatch, seconds: int, age: str) -> None:
    created = "2026-01-02T03:04:05Z"
    monkeypatch.setattr(time, "time", lambda: report._epoch(created) + seconds)
    assert report._age(created) == age


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("local.cluster.process.PROCESSES", tmp_path)
    monkeypatch.setattr("local.cluster.process.LOGS", tmp_path)
    monkeypatch.setattr("local.cluster.lifecycle.processes", lambda: [Process("etcd", ("etcd",))])
    monkeypatch.setattr(report, "running_api", lambda: None)
    monkeypatch.setattr(logs, "running_api", lambda: None)


def test_status_of_nothing(nothing_runs: None) -> None:
    answer = RUN.invoke(command_line.app, ["status"])
    assert answer.exit_code == 1
    assert "Nothing runs. `make up` starts it." in answer.output


class Answers:
    """An API server with one pod, which no node takes."""

    def get(self, path: str, **_: str) -> dict[str, Any]:
        condition = {"type": "PodScheduled", "status": "False", "message": "1 Insufficient memory"}
        item = {
            "metadata": {"namespace": "here", "name": "label-studio-redis-0", "creationTimestamp": CREATED},
            "spec": {"containers": [{}]},
            "status": {"phase": "Pending", "conditions": [condition]},
        }
        lists = {"/api/v1/namespaces": [{"metadata": {"name": "here"}}]}
        pods = [item] if path.endswith("/pods") else []
        return {"items": lists.get(path, pods)}

    def node_ready(self) -> bool:
        return True


CREATED = "2026-01-02T03:04:05Z"


def test_status_says_what_a_stack_waits_for(nothing_runs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    running = SimpleNamespace(name="etcd", running=SimpleNamespace(pid=os.getpid()))
    monkeypatch.setattr("local.cluster.lifecycle.processes", lambda: [running])
    monkeypatch.setattr(report, "running_api", Answers)
    answer = RUN.invoke(command_line.app, ["status"])
    assert answer.exit_code == 1
    assert "Waiting: Pod label-studio-redis-0 is not scheduled: 1 Insufficient memory. Add a node, or" in answer.output
    assert "Type these commands in `make shell`." in answer.output


def test_logs_of_a_part(nothing_runs: None, tmp_path: Path) -> None:
    (tmp_path / "etcd.log").write_text("first\nsecond\n")
    answer = RUN.invoke(command_line.app, ["logs", "etcd", "-n", "1"])
    assert answer.exit_code == 0
    assert "second" in answer.output
    assert "first" not in answer.output


def test_logs_of_what_is_not_there(nothing_runs: None) -> None:
    answer = RUN.invoke(command_line.app, ["logs", "nothing"])
    assert isinstance(answer.exception, logs.UnknownPartError)
    assert str(answer.exception) == "no part is called nothing; PART is one of etcd"
    assert "There are no logs" in RUN.invoke(command_line.app, ["logs"]).output


def test_the_page_comes_first_and_parts_have_names() -> None:
    def part(namespace: str, name: str, label: str = "") -> logs.PodPart:
        labels = {"app.kubernetes.io/name": label} if label else {}
        return logs.PodPart({"metadata": {"namespace": namespace, "name": name, "labels": labels}})

    pods = [
        part("kube-system", "coredns-976fc795b-9c7fk"),
        part("label-studio", "label-studio-redis-0", "redis"),
        part("label-studio", "label-studio-ls-app-57b5776446-7cs7w", "ls-app"),
        part("other", "postgres-12"),
    ]
    assert [pod.name for pod in sorted(pods, key=lambda pod: pod.order)] == ["page", "redis", "postgres", "coredns"]
    page = pods[2]
    assert all(page.is_called(word) for word in ("page", "label-studio-ls-app", "label-studio/label", ""))
    assert not any(page.is_called(word) for word in ("pag", "redis", "ls-app-5"))


def test_up_brings_the_machine_before_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(platform, "prepare", lambda **_: calls.append("platform"))
    monkeypatch.setattr(stack, "up", lambda port: calls.append("stack"))
    assert RUN.invoke(command_line.app, ["up"]).exit_code == 0
    assert calls == ["platform", "stack"]


def test_an_expected_error_is_its_message_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise preconditions.PreconditionError("port 6443 (kube-apiserver) is taken; stop that program first")

    monkeypatch.setattr(platform, "prepare", refuse)
    monkeypatch.setattr("sys.argv", ["local", "up"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    # The commands on projects read what `outputs` prints: nothing of an error may get there.
    assert printed.out == ""
    assert printed.err.strip() == "Precondition: port 6443 (kube-apiserver) is taken; stop that program first"


def test_every_error_of_the_platform_is_expected() -> None:
    defined = {error for error in RuntimeError.__subclasses__() if error.__module__.startswith("local.")}
    assert defined | {SettingsError} == set(command_line.EXPECTED)


@pytest.mark.parametrize("command", ["password", "outputs", "state"])
def test_what_the_stack_says_needs_a_stack(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stack, "HOME", tmp_path / "stack")
    monkeypatch.setattr("sys.argv", ["local", command])
    with pytest.raises(SystemExit):
        command_line.main()
    assert "run `make up` first" in capsys.readouterr().err


def test_a_stack_that_never_came_up_has_no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    monkeypatch.setattr(stack, "HOME", tmp_path / "stack")
    monkeypatch.setattr(Engine, "outputs", lambda *_, **__: {"url": "http://127.0.0.1:30080"})
    with pytest.raises(EngineError, match="let `make up` finish first"):
        stack.password()
