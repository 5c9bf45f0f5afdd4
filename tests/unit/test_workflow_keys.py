"""Which job of the workflows gets which keys: the table in docs/workflows.md, and nothing beside it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.ci import environments
from tests.unit.stack_files import PROJECT

GITHUB = PROJECT / ".github"
WORKFLOWS = {path.stem: path.read_text() for path in sorted((GITHUB / "workflows").iterdir())}
PAGE = (PROJECT / "docs" / "workflows.md").read_text()
# What a workflow is made of here. Whatever else GitHub knows (reusable workflows, containers, caches, artifacts) could
# carry keys or code by a way that this test does not follow.
WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
JOB_KEYS = {
    *("if", "needs", "runs-on", "timeout-minutes", "strategy", "environment", "concurrency", "permissions"),
    *("env", "outputs", "steps"),
}
STEP_KEYS = {"id", "if", "uses", "with", "run", "env"}
ACTIONS = {
    "actions/checkout": {"persist-credentials", "ref"},
    "actions/setup-python": {"python-version"},
    "pulumi/actions": {"pulumi-version"},
    # A cache of a branch is for that branch alone, and no job with a key has one: see check_parts.
    "actions/cache": {"path", "key", "restore-keys"},
}
SECRET = re.compile(r"\$\{\{ secrets\.([A-Z_]+) \}\}")
# Code of a branch may have these and no others.
FOR_BRANCHES = {"dev-read"}


@dataclass(frozen=True)
class Access:
    """What one job gets, and what it starts on."""

    triggers: frozenset[str]
    environments: frozenset[str]
    secrets: frozenset[str]
    token: frozenset[str]


def triggers(on: Any) -> Iterator[str]:
    """What a workflow starts on, a push with its branches."""
    events = on if isinstance(on, Mapping) else dict.fromkeys([on] if isinstance(on, str) else on)
    for event, options in events.items():
        chosen = dict(options) if isinstance(options, Mapping) else {}
        branches = chosen.pop("branches", [])
        chosen.pop("paths", None)
        assert not chosen, f"{event}: {chosen} is not known here"
        yield f"{event}: {' '.join(branches)}" if branches else event


def names(job: Mapping[str, Any]) -> Iterator[str]:
    """The environments of a job, with each combination of its matrix."""
    environment, matrix = job.get("environment", ""), job.get("strategy", {}).get("matrix", {})
    assert not {"include", "exclude"} & set(matrix)
    for values in itertools.product(*matrix.values()) if environment else []:
        combination = dict(zip(matrix, values, strict=True))
        yield re.sub(r"\$\{\{ matrix\.(\w+) \}\}", r"{\1}", environment).format(**combination)


def secrets(job: Mapping[str, Any]) -> set[str]:
    """The secrets of a job; AssertionError where it has them in any way but by one name in an expression."""
    text = yaml.safe_dump(job, width=10_000)
    assert "secrets" not in SECRET.sub("", text).lower(), "write ${{ secrets.NAME }}, and nothing else"
    return set(SECRET.findall(text))


def accesses(workflows: Mapping[str, str]) -> dict[str, Access]:
    """What the jobs of workflows get."""
    found = {}
    for file, text in workflows.items():
        # YAML 1.1 reads the key "on" as true.
        workflow = {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}
        assert set(workflow) <= WORKFLOW_KEYS, file
        for name, job in workflow["jobs"].items():
            check_parts(f"{file}.{name}", job)
            token = {f"{scope}: {access}" for scope, access in job["permissions"].items()} - {"contents: read"}
            found[f"{file}.{name}"] = Access(
                frozenset(triggers(workflow["on"])), frozenset(names(job)), frozenset(secrets(job)), frozenset(token)
            )
    return found


def check_parts(name: str, job: Mapping[str, Any]) -> None:
    """AssertionError where a job has parts that nobody looked at yet."""
    assert set(job) <= JOB_KEYS, name
    keys = "environment" in job or "write" in job["permissions"].values()
    assert job["runs-on"] == "ubuntu-24.04", f"{name}: a runner that keeps something from one job to the next"
    for step in job["steps"]:
        assert set(step) <= STEP_KEYS, name
        assert "${{" not in step.get("run", ""), f"{name}: an expression in a command may be code; pass it by env"
        if "uses" in step:
            action = step["uses"].partition("@")[0]
            assert set(step.get("with", {})) <= ACTIONS.get(action, set()), f"{name}: {action}"
            assert action in ACTIONS, f"{name}: {action}"
            assert action != "actions/cache" or not keys, f"{name}: what a cache holds would run with keys"
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def check_keys(found: Mapping[str, Access]) -> None:
    """AssertionError where code of a branch could have keys that are not for branches."""
    for name, access in found.items():
        if access.secrets:
            assert access.environments, f"{name}: secrets that belong to no environment are open to each branch"
        if not access.triggers <= {"push: main", "schedule"}:
            assert access.environments <= FOR_BRANCHES, f"{name} runs code of branches"


def table() -> dict[str, Access]:
    """The table of jobs in the page."""
    rows = re.findall(r"^\| `([\w-]+\.[\w-]+)` \|(.+)\|$", PAGE, re.M)
    return {name: Access(*(frozenset(re.findall("`(.+?)`", cell)) for cell in rest.split("|"))) for name, rest in rows}


def test_jobs_get_what_the_page_says_and_nothing_else() -> None:
    assert accesses(WORKFLOWS) == table()


def test_code_of_a_branch_gets_no_keys_but_those_for_branches() -> None:
    check_keys(accesses(WORKFLOWS))


def test_nothing_but_these_workflows_is_there() -> None:
    files = {path.relative_to(GITHUB).as_posix() for path in GITHUB.rglob("*") if path.is_file()}
    assert files == {f"workflows/{name.partition('.')[0]}.yml" for name in table()} | {"CODEOWNERS", "dependabot.yml"}


def test_what_runs_unattended_reads_and_nothing_more() -> None:
    unattended = {name: access for name, access in accesses(WORKFLOWS).items() if "schedule" in access.triggers}
    assert {name for access in unattended.values() for name in access.environments} == {"dev-read", "prod-read"}
    assert unattended["policy.state"].secrets == {"PULUMI_ACCESS_TOKEN"}


def test_prod_is_changed_after_a_preview_of_it() -> None:
    jobs = yaml.safe_load(WORKFLOWS["deploy"])["jobs"]
    order = ["rules", "dev", "preview-prod", "prod"]
    assert [jobs[name].get("needs") for name in order] == [None, *order[:-1]]
    commands = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert any(command.startswith("scripts/ci/preview.sh prod") for command in commands["preview-prod"])
    assert {name for name in jobs if any("deploy.sh prod" in command for command in commands[name])} == {"prod"}
    assert any(command.startswith("scripts/ci/newest.sh") for command in commands["prod"])


STEP = "      - run: make install\n"
REUSED = "\n  other:\n    uses: ./.github/workflows/deploy.yml\n    secrets: inherit\n"
ATTACKS: dict[str, Callable[[str], str]] = {
    "a key of prod": lambda text: text.replace("environment: dev-read", "environment: prod-read"),
    "a secret of the repository": lambda text: text.replace(
        STEP, STEP + "      - run: make lint\n        env: {KEY: '${{ secrets.KUBECONFIG }}'}\n", 1
    ),
    "every secret": lambda text: text.replace("github.token }}", "toJSON(secrets) }}"),
    "secrets by an index": lambda text: text.replace("secrets.KUBECONFIG", "secrets['KUBECONFIG']"),
    "a token that writes": lambda text: text.replace("{contents: read}", "{contents: write}", 1),
    "the target's rights": lambda text: text.replace("on: pull_request", "on: pull_request_target"),
    "a start by hand": lambda text: text.replace("on: pull_request", "on: [pull_request, workflow_dispatch]"),
    "a reusable workflow": lambda text: text + REUSED,
    "a cache": lambda text: text.replace('"3.11"}', '"3.11", cache: pip}', 1),
    "another action": lambda text: text.replace("actions/setup-python@", "actions/upload-artifact@", 1),
    "a cache beside keys": lambda text: text.replace(
        "    environment: dev-read", "    environment: dev-read\n    #", 1
    ).replace("pulumi/actions@", "actions/cache@", 2),
    "a title as code": lambda text: text.replace(STEP, "      - run: echo ${{ github.event.pull_request.title }}\n", 1),
    "a runner of one's own": lambda text: text.replace("runs-on: ubuntu-24.04", "runs-on: self-hosted", 1),
    "a token that stays": lambda text: text.replace("persist-credentials: false", "persist-credentials: true", 1),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_workflow_that_opens_more_is_found(attack: Callable[[str], str]) -> None:
    changed = attack(WORKFLOWS["preview"])
    assert changed != WORKFLOWS["preview"]
    with pytest.raises(AssertionError):
        found = accesses({**WORKFLOWS, "preview": changed})
        assert found == table()
        check_keys(found)


@pytest.mark.parametrize("environment", ["prod", "prod-read", "dev"])
def test_a_table_that_gives_a_branch_these_keys_does_not_help(environment: str) -> None:
    wrong = replace(table()["preview.dev"], environments=frozenset({environment}))
    with pytest.raises(AssertionError, match="runs code of branches"):
        check_keys({"preview.dev": wrong})


MAIN_ALONE = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
REVIEWERS = {"protection_rules": [{"type": "required_reviewers", "reviewers": [{"type": "User"}]}]}
MAIN = {"branch_policies": [{"name": "main", "type": "branch"}]}


def answers(**changes: Any) -> environments.Ask:
    """GitHub's answers for a repository with all rules, but for the changes."""
    known = {f"repos/o/r/environments/{name}": {**MAIN_ALONE, **REVIEWERS} for name in ("dev", "prod-read", "prod")}
    policies = {f"{path}/deployment-branch-policies": MAIN for path in known}
    changed = {f"repos/o/r/environments/{path}": value for path, value in changes.get("changes", {}).items()}
    return lambda path: {**known, **policies, **changed}[path]


def test_rules_that_keep_branches_out_are_enough() -> None:
    assert list(environments.problems(answers(), "o/r")) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"prod": None}, "there is no environment prod"),
        ({"prod": MAIN_ALONE}, "the environment prod has no required reviewers"),
        ({"prod": {**MAIN_ALONE, "protection_rules": [{"type": "wait_timer"}]}}, "no required reviewers"),
        ({"prod-read": {"deployment_branch_policy": None}}, "the environment prod-read is open to other branches"),
        ({"dev": {"deployment_branch_policy": {"protected_branches": True}}}, "the environment dev is open"),
        ({"prod-read/deployment-branch-policies": None}, "the environment prod-read is open"),
        ({"prod-read/deployment-branch-policies": {"branch_policies": [{"name": "*"}]}}, "prod-read is open"),
        (
            {"prod/deployment-branch-policies": {"branch_policies": [{"name": "main"}, {"name": "release/*"}]}},
            "the environment prod is open",
        ),
        (
            {"prod/deployment-branch-policies": {"branch_policies": [{"name": "main", "type": "tag"}]}},
            "the environment prod is open",
        ),
    ],
)
def test_rules_that_let_branches_in_are_told(changes: dict[str, Any], problem: str) -> None:
    [found] = environments.problems(answers(changes=changes), "o/r")
    assert problem in found


def test_the_rules_are_those_that_the_page_asks_for() -> None:
    used = {name for access in table().values() for name in access.environments}
    assert used - FOR_BRANCHES == set(environments.FOR_MAIN)


def test_the_program_is_run_as_a_file() -> None:
    assert Path(environments.__file__).stat().st_mode & 0o111
