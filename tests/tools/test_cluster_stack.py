"""A cluster that is there already has a stack of its own, and the file of another stack is never changed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import machine, stack
from policies.stacks import policy_flags
from scripts import cluster_stack
from scripts.cluster_stack import CLUSTER, StackError, commands, main, settings
from tests.tools.test_preflight import api_server, url_of
from tests.tools.test_preflight import settings as cluster_settings
from tests.unit.stack_files import PROJECT

DEV = (PROJECT / "Pulumi.dev.yaml").read_text()


def noted(calls: list[str], call: str, answer: Any) -> Any:
    calls.append(call)
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.dev.yaml").write_text(DEV)
    return tmp_path


def test_a_stack_without_a_file_gets_that_of_dev_for_the_context(folder: Path) -> None:
    config = settings("mine", "kind-mine", folder)
    dev = yaml.safe_load(DEV)["config"]
    assert config == {**dev, CLUSTER: {**dev[CLUSTER], "context": "kind-mine"}}
    assert (folder / "Pulumi.dev.yaml").read_text() == DEV
    assert settings("mine", "kind-mine", folder) == config


def test_secrets_of_dev_stay_where_they_can_be_decrypted(folder: Path) -> None:
    dev = yaml.safe_load(DEV)
    dev["config"]["label-studio:secrets"] = {"mine": {"key": {"secure": "v1:AAAA:AAAA"}}}
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({**dev, "encryptionsalt": "v1:c2FsdA==:v1:AAAA:AAAA"}))
    settings("mine", "kind-mine", folder)
    made = (folder / "Pulumi.mine.yaml").read_text()
    assert "secure" not in made
    assert "encryptionsalt" not in made


@pytest.mark.parametrize(
    ("name", "context", "message"),
    [
        ("dev", "kind-mine", "Pulumi.dev.yaml is about the context label-studio-local, not kind-mine: add STACK=name"),
        ("nowhere", None, "with CONTEXT=name it is made for the cluster of that context"),
    ],
)
def test_what_is_refused(folder: Path, name: str, context: str | None, message: str) -> None:
    with pytest.raises(StackError, match=message):
        settings(name, context, folder)
    assert [each.name for each in folder.iterdir()] == ["Pulumi.dev.yaml"]
    assert (folder / "Pulumi.dev.yaml").read_text() == DEV


def test_what_is_typed() -> None:
    config = yaml.safe_load(DEV)["config"]
    ask, select, preview = commands("preview", "mine", config, agreed=True)
    assert ask == [sys.executable, "-m", "scripts.server_check", "mine"]
    assert select == ["pulumi", "stack", "select", "--create", "--stack", "mine"]
    under = ["--stack", "mine", *policy_flags("mine", config)]
    assert preview == ["pulumi", "preview", *under]
    assert preview[-1] == str(PROJECT / "policies" / "config.dev.json")
    watched = [sys.executable, "-m", "scripts.waiting", "mine", "--", "pulumi", "up", "--yes", "--non-interactive"]
    assert commands("up", "mine", config, agreed=True) == [ask, select, [*watched, *under]]
    asked = commands("up", "mine", config, agreed=False)
    assert asked == [ask, select, preview, cluster_stack.QUESTION, [*watched, "--skip-preview", *under]]


def test_a_stack_is_destroyed_and_what_its_class_keeps_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran: list[str] = []
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/pulumi")
    monkeypatch.setattr(cluster_stack, "run", lambda command, *_: noted(ran, " ".join(command), 0))
    claim = {"namespace": "label-studio", "name": "data-label-studio-redis-0"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": "Retain", "capacity": {"storage": "1Gi"}}
    left = {"metadata": {"name": "pv-1"}, "spec": spec, "status": {"phase": "Released"}}
    others = [
        {**left, "status": {"phase": "Bound"}},
        {**left, "spec": {**spec, "persistentVolumeReclaimPolicy": "Delete"}},
        {**left, "spec": {**spec, "claimRef": {**claim, "namespace": "other"}}},
        {**left, "spec": {**spec, "claimRef": {**claim, "name": "theirs"}}},
    ]
    with api_server(kinds={"/api/v1/persistentvolumes": {"items": [left, *others]}}) as server:
        monkeypatch.setattr(cluster_stack, "validate_stack", lambda _: cluster_settings(tmp_path, url_of(server)))
        assert main(["destroy", "dev", "--yes"]) == 0
        server.kinds = {}
        assert main(["destroy", "dev", "--yes"]) == 0
    assert ran == ["pulumi destroy --stack dev --yes"] * 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  pv-1: 1Gi of the claim data-label-studio-redis-0"
    assert lines[2].startswith("To delete one: kubectl --context it delete persistentvolume NAME; ")
    assert lines[3] == "The volumes of the cluster could not be listed; docs/backup.md has the command."
    assert len(lines) == 4


def test_a_stack_that_was_never_deployed_is_not_made_to_be_destroyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/pulumi")
    assert main(["destroy", "nowhere", "--context", "it", "--yes"]) == 1
    assert "Pulumi.nowhere.yaml" in capsys.readouterr().err
    assert not cluster_stack.stack_file("nowhere").exists()


@pytest.mark.parametrize(("answer", "status", "deployed"), [("y", 0, True), ("", 1, False), ("no", 1, False)])
def test_somebody_is_asked_after_the_preview(
    answer: str, status: int, deployed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/pulumi")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.delenv("PULUMI_SKIP_CONFIRMATIONS", raising=False)
    monkeypatch.setattr(cluster_stack, "run", lambda command, *_: noted(ran, " ".join(command), 0))
    monkeypatch.setattr("builtins.input", lambda question: noted(ran, question, answer))
    assert main(["up", "dev"]) == status
    assert ran[2].startswith("pulumi preview") and ran[3] == "Deploy these changes? [y/N] "
    assert any("pulumi up" in each for each in ran) == deployed


def test_a_passphrase_is_asked_for_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr(cluster_stack, "stack_file", lambda _: tmp_path / "Pulumi.mine.yaml")
    monkeypatch.setattr(cluster_stack, "getpass", lambda question: noted(asked, question, "correct-horse"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert "PULUMI_CONFIG_PASSPHRASE" not in cluster_stack._environment("mine")
    (tmp_path / "Pulumi.mine.yaml").write_text("encryptionsalt: v1:c2FsdA==:v1:AAAA:AAAA\n")
    assert [cluster_stack._environment("mine")["PULUMI_CONFIG_PASSPHRASE"] for _ in "12"] == ["correct-horse"] * 2
    assert asked == ["Passphrase of the stack mine: "]


@pytest.mark.parametrize("content", ["a: [", "- a list", "just words"])
def test_what_is_no_stack_file_is_named(folder: Path, content: str) -> None:
    (folder / "Pulumi.mine.yaml").write_text(content)
    with pytest.raises(StackError, match=r"Pulumi\.mine\.yaml is no stack file"):
        settings("mine", "kind-mine", folder)


def test_every_way_to_deploy_runs_the_same_policies(tmp_path: Path) -> None:
    (tmp_path / "pulumi").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "pulumi").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHON": sys.executable}
    command = [str(PROJECT / "scripts" / "ci" / "deploy.sh"), "dev"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    typed = done.stdout.split()
    pack, config = (PROJECT / typed[typed.index(flag) + 1] for flag in ("--policy-pack", "--policy-pack-config"))
    flags = ("--policy-pack", str(pack), "--policy-pack-config", str(config))
    assert commands("up", "dev", settings("dev", None), agreed=True)[-1][-4:] == [*flags]
    assert stack._policies(machine.engine(tmp_path)) == flags


def test_nobody_is_deployed_to_unasked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/pulumi")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.delenv("PULUMI_SKIP_CONFIRMATIONS", raising=False)
    assert main(["up", "dev"]) == 1
    assert capsys.readouterr().err == (
        "error: there is no terminal to ask for confirmation: add YES=1 to go on without a question\n"
    )


def test_without_the_cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert main(["up", "dev", "--yes"]) == 1
    assert "the pulumi command is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "typed"),
    [
        ((), "python -m local up"),
        (("STACK=dev",), "python -m local up"),
        (("STACK=", "CONTEXT="), "python -m local up"),
        (("CONTEXT=kind-mine",), 'python -m scripts.cluster_stack up "kind-mine" --context "kind-mine"'),
        (
            ("CONTEXT=arn:eks:1:cluster/a", "YES=1"),
            'python -m scripts.cluster_stack up "arn-eks-1-cluster-a" --context "arn:eks:1:cluster/a" --yes',
        ),
        (("CONTEXT=a", "STACK=b"), 'python -m scripts.cluster_stack up "b" --context "a"'),
        (("STACK=prod",), 'python -m scripts.cluster_stack up "prod" --context ""'),
    ],
)
def test_which_stack_make_means(variables: tuple[str, ...], typed: str) -> None:
    # Only what is typed counts: not the variables of a `make test` around these tests, nor what it tells its children.
    environment = {name: os.environ[name] for name in ("PATH", "HOME")}
    command = ["make", "--dry-run", "--old-file=.venv/.installed", "up", *variables]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip().removeprefix(".venv/bin/") == typed


CHILD = "import signal, time; signal.signal(signal.SIGINT, lambda *_: (print('ended', flush=True), exit(0))); "


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_the_cli_is_waited_for_whatever_stops_this_program(number: str) -> None:
    child = f"{CHILD}import os; os.kill(os.getppid(), signal.{number}); time.sleep(10)"
    program = f"""
import sys
from scripts.waiting.command import run
sys.exit(run([sys.executable, "-c", {child!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
