#!/usr/bin/env python3
"""Whether GitHub keeps branches from the keys of environments: `scripts/ci/environments.py OWNER/REPOSITORY`.

Workflows of a branch are what the branch says, so only the rules of an environment can keep its secrets from them. `gh`
must be logged in and may read actions. Needs nothing but Python itself, as it runs before anything is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

# dev-read is for branches: its keys open dev alone, and only to read.
FOR_MAIN = ("dev", "prod-read", "prod")
APPROVED = "prod"

Ask = Callable[[str], Any]


def problems(ask: Ask, repository: str) -> Iterator[str]:
    """What is missing; ``ask`` returns GitHub's answer for a path, or None where there is nothing."""
    for name in FOR_MAIN:
        path = f"repos/{repository}/environments/{name}"
        environment = ask(path)
        if environment is None:
            yield f"there is no environment {name}"
            continue
        if not _is_for_main_alone(environment, ask(f"{path}/deployment-branch-policies")):
            yield f"the environment {name} is open to other branches; let its deployment branches be main alone"
        if name == APPROVED and not _reviewers(environment):
            yield f"the environment {name} has no required reviewers, who read the preview and approve"


def _is_for_main_alone(environment: dict[str, Any], policies: dict[str, Any] | None) -> bool:
    selected = (environment.get("deployment_branch_policy") or {}).get("custom_branch_policies") is True
    admitted = [(it["name"], it.get("type", "branch")) for it in (policies or {}).get("branch_policies", [])]
    return selected and admitted == [("main", "branch")]


def _reviewers(environment: dict[str, Any]) -> list[Any]:
    rules = environment.get("protection_rules", [])
    return [one for rule in rules if rule["type"] == "required_reviewers" for one in rule.get("reviewers", [])]


def _ask_github(path: str) -> Any:
    done = subprocess.run(["gh", "api", path], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if "HTTP 404" in done.stderr:
        return None
    if done.returncode != 0:
        sys.exit(f"error: GitHub does not say what rules there are: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main() -> int:
    """Print each problem; 1 where there are any."""
    found = list(problems(_ask_github, sys.argv[1]))
    for problem in found:
        sys.stderr.write(f"error: {problem}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
