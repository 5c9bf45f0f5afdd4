"""What pull requests get of prod: a real preview under the policies, without state, account, cluster or key."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.engine import PROJECT, Engine
from policies.stacks import stack_config

SCRIPT = PROJECT / "scripts" / "ci" / "preview_without_state.sh"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The CLI and its plugins on the PATH, but no backend, no passphrase and no cluster."""
    folder = tmp_path_factory.mktemp("fork")
    given = Engine(folder, "dev", folder / "kubeconfig").environment
    kept = {name: value for name, value in given.items() if not name.startswith(("PULUMI_CONFIG", "PULUMI_BACKEND"))}
    return {**kept, "PYTHON": sys.executable, "TMPDIR": str(folder)}


def preview(stack: str, report: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), stack, str(report)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def stack_file() -> Iterator[Path]:
    """A stack file of the project for one test, with a secret of a key that nobody here has."""
    path = PROJECT / f"Pulumi.fork-{os.getpid()}.yaml"
    secrets = {"registry": {"a.b": {"secure": "v1:AAAAAAAAAAAAAAAA:AAAA"}}}
    config = {**stack_config("dev"), "label-studio:secrets": secrets}
    path.write_text(yaml.safe_dump({"config": config, "encryptionsalt": "v1:c2FsdHNhbHQ=:v1:AAAA:AAAA"}))
    yield path
    path.unlink()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_is_previewed_as_if_it_were_new(stack: str, environment: dict[str, str], tmp_path: Path) -> None:
    report, before = tmp_path / "report.md", (PROJECT / f"Pulumi.{stack}.yaml").read_text()
    done = preview(stack, report, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert report.read_text().startswith(f"### {stack}: preview\n")
    assert "kubernetes:helm.sh/v3:Release label-studio-release create" in report.read_text()
    assert "label-studio-policies@" in report.read_text()
    assert "[mandatory]" not in report.read_text()
    assert (PROJECT / f"Pulumi.{stack}.yaml").read_text() == before
    assert not list(Path(environment["TMPDIR"]).glob("tmp.*")), "nothing is left behind"


def test_secrets_of_the_stack_need_no_key(stack_file: Path, environment: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    done = preview(stack_file.stem.removeprefix("Pulumi."), report, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kubernetes:core/v1:Secret" in report.read_text()
    assert "AAAAAAAA" in stack_file.read_text()


def test_a_broken_policy_fails_the_preview_and_is_reported(
    stack_file: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    config = yaml.safe_load(stack_file.read_text())
    config["config"]["label-studio:labelStudio"]["signup"] = "enabled"
    stack_file.write_text(yaml.safe_dump(config))
    done = preview(stack_file.stem.removeprefix("Pulumi."), tmp_path / "report.md", environment)
    assert done.returncode != 0
    report = (tmp_path / "report.md").read_text()
    assert "preview **failed**" in report
    assert "signup-disabled" in report


def test_a_stack_without_a_file_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    done = preview("nowhere", tmp_path / "report.md", environment)
    assert done.returncode == 1
    assert "error: there is no" in done.stderr
    assert "Traceback" not in done.stderr
