"""The workflows pass two linters, and the scripts that they call do on any machine what they are for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.stack.settings import validate_stack
from local.tools.build import tool
from scripts import policy_state
from scripts.ci import official_stack, release
from scripts.images import Reference, references
from scripts.stack_without_secrets import take_secrets
from tests.unit.stack_files import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = PROJECT / "scripts" / "ci"
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def fake(folder: Path, name: str, script: str) -> str:
    """A program of this name that notes how it was called; returns the PATH that has it first."""
    (folder / name).write_text(f'#!/bin/bash\necho "{name} $*" >>"{folder}/calls"\n{script}\n')
    (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def calls(folder: Path) -> str:
    return (folder / "calls").read_text()


def test_actionlint_finds_nothing() -> None:
    done = run(tool("actionlint"), "-shellcheck=", "-pyflakes=", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing() -> None:
    done = run(Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", PROJECT / ".github/workflows")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_have_limits_and_pinned_actions(path: Path) -> None:
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= (240 if path.stem == "nightly" else 60)
        assert job["permissions"]["contents"] == ("write" if path.stem == "release" else "read")
    uses = re.findall(r"uses: (.+)", text)
    assert uses
    assert all(PINNED.fullmatch(action) for action in uses)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_steps_call_what_exists(path: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text() + (PROJECT / "docs.mk").read_text(), re.M)
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        for step in job["steps"]:
            command = step.get("run", "").split()
            if command[:1] == ["make"]:
                written = {word for word in command[1:] if "=" not in word}
                assert set(_filled(written, job)) <= set(targets)
            elif command:
                assert os.access(PROJECT / command[0], os.X_OK), command[0]


def _filled(words: set[str], job: dict[str, Any]) -> Iterator[str]:
    """The words of a command, with each value of the matrix that they have by a variable."""
    for word in words:
        prefix, _, variable = word.partition("$")
        values = job["strategy"]["matrix"][variable.lower()] if variable else [""]
        yield from (f"{prefix}{value}" for value in values)


def test_long_targets_run_at_night_with_a_cache_and_pull_requests_test_chart_package_and_engine() -> None:
    tests, nightly = (
        yaml.safe_load((PROJECT / ".github/workflows" / f"{name}.yml").read_text())["jobs"]
        for name in ("tests", "nightly")
    )
    ran = {name: [step.get("run") for step in job["steps"]] for name, job in tests.items()}
    assert "make test-chart" in ran["chart"]
    assert "make test-package" in ran["package"]
    assert "scripts/ci/in_debian.sh test-engine" in ran["engine"]
    assert nightly["all"]["strategy"]["matrix"]["targets"] == ["test", "test-data", "up bench", "up drills"]
    assert {*nightly["caches"]["strategy"]["matrix"]["tests"]} == {*tests} - {"engine"}
    for job in [*tests.values(), *nightly.values()]:
        [cache] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/cache@")]
        assert "hashFiles(" in cache["with"]["key"]
        assert job["steps"].index(cache) < len(job["steps"]) - 1


@pytest.mark.parametrize("status", [0, 3])
def test_targets_run_in_debian_with_the_cache_of_the_runner(fakes: Path, tmp_path: Path, status: int) -> None:
    fake(fakes, "sudo", "true")
    path = fake(fakes, "docker", f"exit {status}")
    done = run(SCRIPTS / "in_debian.sh", "up", "bench", PATH=path, HOME=str(tmp_path))
    assert done.returncode == status
    called = calls(fakes)
    assert "--privileged" in called
    assert f"--volume {tmp_path}/.cache/label-studio-debian:/root/.cache " in called
    assert f"--volume {PROJECT}:/project" in called
    assert 'make "$@" bash up bench' in called
    assert "sudo chown" in called


@pytest.mark.parametrize("shape", ["dev", "prod"])
def test_official_images_are_deployed_and_used(fakes: Path, shape: str) -> None:
    outputs = 'case "$*" in *output*) echo "{}";; esac'
    for name, script in {"kind": "true", "helm": "true", "make": "true", "pulumi": outputs}.items():
        fake(fakes, name, script)
    path = fake(fakes, "python", "true")
    done = run(SCRIPTS / "official_images.sh", shape, PATH=path, PYTHON=str(fakes / "python"))
    assert done.returncode == 0, done.stderr
    steps = calls(fakes).splitlines()
    assert steps[0] == "kind create cluster --name ls --wait 180s"
    assert steps[-4] == f"python -m scripts.ci.official_stack {shape} kind-ls"
    assert steps[-3] == "make up CONTEXT=kind-ls YES=1"
    assert re.fullmatch(r"python -m scripts\.ci\.walk \S+/outputs\.json official docs/pictures", steps[-1])
    assert ("helm" in calls(fakes)) == (shape == "prod")


def test_official_images_that_do_not_come_up_are_told(fakes: Path) -> None:
    for name in ("kind", "kubectl", "python"):
        fake(fakes, name, "true")
    path = fake(fakes, "make", 'case "$*" in up*) exit 3;; esac')
    assert run(SCRIPTS / "official_images.sh", "dev", PATH=path, PYTHON=str(fakes / "python")).returncode == 1
    assert "make status CONTEXT=kind-ls" in calls(fakes)


@pytest.mark.parametrize("shape", ["dev", "prod"])
def test_stacks_of_official_images_have_digests(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def pinned(image: Reference) -> Reference:
        return image if image.digest else replace(image, digest=f"sha256:{'0' * 64}")

    monkeypatch.setattr(official_stack, "with_digest", pinned)
    config = official_stack.configuration(shape, "kind-ls", official_stack.pinned())
    settings = validate_stack(config)
    assert settings.cluster.context == "kind-ls"
    found = references(config)
    assert len(found) >= 5 and all(each.digest and each.tag for each in found)
    defaults = official_stack.configuration(shape, "kind-ls", {})
    assert {each.name for each in found} == {each.name for each in references(defaults)}


CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- next\n\n## 1.2.3 - 2026-01-31\n\n- this\n\n## 1.2.2 - 2026-01-01\n\n- old\n"
)


def test_the_newest_release_of_the_changelog_has_its_notes() -> None:
    assert release.newest(CHANGELOG, "1.2.3") == ("1.2.3", "- this")
    assert release.newest("# Changelog\n\n## Unreleased\n\n- next\n", "0.1.0") is None
    with pytest.raises(
        release.ReleaseError, match=r"1\.2\.3 as its newest release, and pyproject\.toml version 1\.2\.4"
    ):
        release.newest(CHANGELOG, "1.2.4")


@pytest.mark.parametrize(("there", "made"), [("exit 0", False), ("exit 1", True)])
def test_a_release_is_made_once(fakes: Path, monkeypatch: pytest.MonkeyPatch, there: str, made: bool) -> None:
    monkeypatch.setattr(release, "newest", lambda *_: ("1.2.3", "- this"))
    monkeypatch.setenv("PATH", fake(fakes, "gh", f"case $* in *view*) {there};; *) cat >{fakes}/notes;; esac"))
    assert release.main("o/r", "abc") == 0
    assert ("release --repo o/r create v1.2.3 --target abc" in calls(fakes)) == made
    assert (fakes / "notes").exists() == made


def test_dependencies_are_updated_wherever_they_are() -> None:
    updates = yaml.safe_load((PROJECT / ".github/dependabot.yml").read_text())["updates"]
    folders = {each["package-ecosystem"]: each.get("directories", [each.get("directory")]) for each in updates}
    assert {*folders} == {"pip", "gomod", "github-actions"}
    requirements = {path.parent for path in PROJECT.glob("local/images/*/requirements*.txt")} | {PROJECT}
    assert {PROJECT / folder.strip("/") for folder in folders["pip"]} == requirements
    assert folders["gomod"] == ["/local/tools/*"]
    [manager] = json.loads((PROJECT / "renovate.json").read_text())["customManagers"]
    pattern = re.compile(manager["matchStrings"][0].replace("(?<", "(?P<"))
    files = [(PROJECT / name).read_text() for name in manager["managerFilePatterns"]]
    found = {match["depName"] for text in files for match in pattern.finditer(text)}
    assert {"docker.io/library/postgres", "docker.io/valkey/valkey", "docker.io/library/golang"} <= found


def test_hooks_before_a_commit_run_what_is_installed() -> None:
    [local] = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in local["hooks"]:
        program = hook["entry"].split()[0]
        assert program == "make" or (PROJECT / program).exists(), program


def test_owners_of_files_that_decide_about_keys_are_named() -> None:
    lines = [
        line.split() for line in (PROJECT / ".github/CODEOWNERS").read_text().splitlines() if line[:1] in "*/" and line
    ]
    owned = {path: owners for path, *owners in lines}
    assert {"*", "/.github/", "/scripts/ci/", "/policies/"} <= owned.keys()
    assert all(owner.startswith("@") for owners in owned.values() for owner in owners)
    assert all((PROJECT / path.strip("/")).exists() for path in owned if path != "*")


@pytest.mark.parametrize(("status", "title"), [(0, "### dev: preview\n"), (3, "### dev: preview **failed**\n")])
def test_a_preview_is_reported_however_it_ends(fakes: Path, tmp_path: Path, status: int, title: str) -> None:
    path = fake(fakes, "pulumi", f"echo 'Policy Violations: signup'; exit {status}")
    report = tmp_path / "report.md"
    done = run(SCRIPTS / "preview.sh", "dev", report, "--refresh", PATH=path)
    assert done.returncode == status
    assert report.read_text().startswith(title)
    assert "Policy Violations: signup" in report.read_text()
    assert "--policy-pack-config policies/config.dev.json --refresh" in calls(fakes)


def test_a_long_preview_fits_into_a_comment_with_its_end(fakes: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    path = fake(fakes, "pulumi", "seq 100000; echo 'the end'")
    run(SCRIPTS / "preview.sh", "dev", report, PATH=path)
    assert len(report.read_text()) < 32768
    assert "the end" in report.read_text()


def test_a_preview_says_what_it_leaves_out(fakes: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    run(SCRIPTS / "preview.sh", "dev", report, PATH=fake(fakes, "pulumi", "true"), NOTE="As if it were new.")
    assert report.read_text().startswith("### dev: preview\n\nAs if it were new.\n\n<details>")


def test_a_report_is_shown_and_passed_on_whatever_it_says(tmp_path: Path) -> None:
    report, summary, output = tmp_path / "dev.md", tmp_path / "summary", tmp_path / "output"
    report.write_text("### dev\nreport<<EOF\nEOF\nother=value\n")
    run(SCRIPTS / "report.sh", report, GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output))
    assert summary.read_text() == report.read_text()
    begin, end = output.read_text().splitlines()[0], output.read_text().splitlines()[-1]
    assert begin == f"report<<{end}"
    assert len(end) == 32
    assert output.read_text() == f"{begin}\n{report.read_text()}{end}\n"


def test_a_report_that_nobody_wrote_is_told(tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    done = run(SCRIPTS / "report.sh", tmp_path / "none", GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT="/dev/null")
    assert done.returncode == 0
    assert "an earlier step failed" in summary.read_text()


@pytest.mark.parametrize(
    ("found", "call"),
    [("", "--method POST repos/o/r/issues/7/comments"), ("41", "--method PATCH repos/o/r/issues/comments/41")],
)
def test_there_is_one_comment(fakes: Path, tmp_path: Path, found: str, call: str) -> None:
    body = tmp_path / "body"
    keep = f'for word; do case $word in body=@*) cp "${{word#body=@}}" "{body}";; esac; done; '
    path = fake(fakes, "gh", f'case "$*" in *paginate*) printf "%s\\n" {found};; *) {keep} ;; esac')
    done = run(SCRIPTS / "comment.sh", "o/r", "7", "dev", "### dev: $(id)", "prod", "", PATH=path)
    assert done.returncode == 0, done.stderr
    assert call in calls(fakes)
    assert body.read_text().startswith("<!-- label-studio preview -->\n### dev: $(id)\n\n")
    assert "### prod\n\nThere is no preview" in body.read_text()


def test_a_comment_of_somebody_else_is_left_alone(fakes: Path) -> None:
    path = fake(fakes, "gh", "true")
    run(SCRIPTS / "comment.sh", "o/r", "7", "dev", "report", PATH=path)
    assert '.user.login == "github-actions[bot]"' in calls(fakes)


@pytest.mark.parametrize(("newest", "status"), [("abc", 0), ("def", 1)])
def test_an_older_commit_is_not_deployed(fakes: Path, newest: str, status: int) -> None:
    done = run(SCRIPTS / "newest.sh", "o/r", "abc", PATH=fake(fakes, "gh", f"echo {newest}"))
    assert done.returncode == status
    assert ("approve the run of the newest commit" in done.stderr) == bool(status)


@pytest.mark.parametrize(
    ("gh", "told"),
    [
        ("echo 'HTTP 404: Not Found' >&2; exit 1", "there is no environment dev"),
        ("echo 'HTTP 403: Resource not accessible by integration' >&2; exit 1", "does not say what rules there are"),
        ("echo '{}'", "the environment dev is open to other branches"),
    ],
)
def test_environments_without_rules_stop_a_deployment(fakes: Path, gh: str, told: str) -> None:
    done = run(SCRIPTS / "environments.py", "o/r", PATH=fake(fakes, "gh", gh))
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_deploying_obeys_the_policies(fakes: Path) -> None:
    assert run(SCRIPTS / "deploy.sh", "prod", PATH=fake(fakes, "pulumi", "exit 5")).returncode == 5
    assert "up --stack prod --yes" in calls(fakes)
    assert "--policy-pack-config policies/config.prod.json" in calls(fakes)


@pytest.mark.parametrize(("curl", "status"), [("exit 0", 0), ("exit 22", 22)])
def test_the_smoke_check_asks_for_health(fakes: Path, curl: str, status: int) -> None:
    fake(fakes, "curl", curl)
    path = fake(fakes, "pulumi", 'case "$*" in *json*) echo "{}";; *) echo https://ls.example.com;; esac')
    assert run(SCRIPTS / "smoke.sh", "prod", PATH=path).returncode == status
    assert "https://ls.example.com/health" in calls(fakes)
    assert "--show-secrets" not in calls(fakes)


def test_a_stack_without_an_address_is_told(fakes: Path) -> None:
    done = run(SCRIPTS / "smoke.sh", "prod", PATH=fake(fakes, "pulumi", "echo null"))
    assert done.returncode == 1
    assert "set labelStudio.ingress or labelStudio.url" in done.stderr


def test_the_kubeconfig_is_for_this_run_alone(tmp_path: Path) -> None:
    variables = tmp_path / "environment"
    runner = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ENV": str(variables)}
    done = run(SCRIPTS / "kubeconfig.sh", KUBECONFIG_CONTENT="kind: Config", **runner)
    assert done.returncode == 0
    assert done.stdout == ""
    file = tmp_path / "kubeconfig"
    assert variables.read_text() == f"KUBECONFIG={file}\n"
    assert file.stat().st_mode & 0o077 == 0


def test_a_missing_kubeconfig_is_told(tmp_path: Path) -> None:
    done = run(SCRIPTS / "kubeconfig.sh", KUBECONFIG_CONTENT="", RUNNER_TEMP=str(tmp_path))
    assert done.returncode == 1
    assert "no secret KUBECONFIG" in done.stderr


def test_secrets_are_found_wherever_they_are() -> None:
    secret = {"secure": "v1:nonce:cipher"}
    config = {
        "label-studio:secrets": {"own": {"a.b": secret}},
        "label-studio:projects": [{"name": "cats", "key": secret}],
    }
    paths = list(take_secrets(config))
    assert paths == ['label-studio:secrets["own"]["a.b"]', 'label-studio:projects[0]["key"]']
    assert "cipher" not in str(config)


SERVICE = {
    "urn": "urn:pulumi:s::label-studio::kubernetes:core/v1:Service::page",
    "type": "kubernetes:core/v1:Service",
    "provider": "urn:pulumi:s::label-studio::pulumi:providers:kubernetes::cluster::some-id",
    "inputs": {"metadata": {"name": "page", "namespace": "label-studio"}, "spec": {"type": "LoadBalancer"}},
}
CLUSTER = {
    "urn": "urn:pulumi:s::label-studio::pulumi:providers:kubernetes::cluster",
    "type": "pulumi:providers:kubernetes",
    "inputs": {"context": "production"},
}


@pytest.mark.parametrize(
    ("level", "resources", "status"),
    [("mandatory", [CLUSTER, SERVICE], 1), ("advisory", [CLUSTER, SERVICE], 0), ("mandatory", [CLUSTER], 0)],
)
def test_what_is_deployed_is_checked(
    level: str, resources: list[Any], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, config = tmp_path / "state.json", tmp_path / "config.json"
    gone = {**SERVICE, "delete": True}
    state.write_text(json.dumps({"deployment": {"resources": [*resources, gone]}}))
    config.write_text(json.dumps({"service-exposure": {"enforcementLevel": level}}))
    assert policy_state.main([str(config), str(state)]) == status
    told = capsys.readouterr().out
    assert ("service-exposure" in told) == (SERVICE in resources)
    assert "provider-explicit" not in told
