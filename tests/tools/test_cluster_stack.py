"""A cluster that is there already has a stack of its own, and the file of another stack is never changed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local import machine, stack
from policies.stacks import policy_flags
from scripts.cluster_stack import CLUSTER, StackError, commands, main, settings
from tests.unit.stack_files import PROJECT

DEV = (PROJECT / "Pulumi.dev.yaml").read_text()


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


@pytest.mark.parametrize(("agreed", "flags"), [(True, ["--yes"]), (False, [])])
def test_what_is_typed(agreed: bool, flags: list[str]) -> None:
    config = yaml.safe_load(DEV)["config"]
    ask, select, up = commands("up", "mine", config, agreed)
    assert ask == [sys.executable, "-m", "scripts.server_check", "mine"]
    assert select == ["pulumi", "stack", "select", "--create", "--stack", "mine"]
    assert up == ["pulumi", "up", "--stack", "mine", *flags, *policy_flags("mine", config)]
    assert up[-1] == str(PROJECT / "policies" / "config.dev.json")
    assert "--yes" not in commands("preview", "mine", config, agreed)[-1]


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
        "error: there is no terminal to ask for confirmation: add YES=1 to deploy without a question\n"
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


def test_the_cli_is_waited_for_on_ctrl_c() -> None:
    child = "import signal, time, os; os.kill(os.getppid(), signal.SIGINT); time.sleep(1); print('ended', flush=True)"
    program = f"""
import sys
from scripts import cluster_stack
sys.exit(cluster_stack._run([sys.executable, "-c", {child!r}]))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
