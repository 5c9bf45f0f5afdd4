"""Checks what a stack would really apply: `python -m policies.manifests <stack>` (`make policy-manifests`).

The policy pack sees the values of a Helm release, not what the chart makes of them. Here the real helm renders each
release of the stack with the same values, and the same checks run over the result and over every other resource.
No cluster, plugin or Pulumi CLI is needed; a chart that is published elsewhere has to be within helm's reach.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml
from pulumi_policy import EnforcementLevel

from policies.checks.dry_run import PLACEHOLDER, PROJECT, resources_of
from policies.checks.releases import release_of
from policies.checks.resources import Resource, from_document
from policies.checks.rule import PolicyCrashError, Rule
from policies.checks.values import at, walk
from policies.pack import RULES, level, load_config
from policies.stacks import policy_environment, stack_config

TIMEOUT_SECONDS = 120


class RenderError(RuntimeError):
    """helm could not render a release; the message is helm's own."""


@dataclass(frozen=True)
class Finding:
    """A violation, and how seriously it is taken."""

    rule: Rule
    level: EnforcementLevel
    message: str


def render(resource: Resource, helm: str = "helm") -> list[Resource]:
    """The manifests of a release as resources. Raises RenderError with what helm printed."""
    release = release_of(resource)
    if release is None:
        return []
    props = resource.props
    namespace = str(props.get("namespace") or "default")
    command = [helm, "template", str(props.get("name") or resource.name), str(props.get("chart"))]
    command += ["--namespace", namespace, "--skip-tests", "--values", "-"]
    for flag, value in (("--version", props.get("version")), ("--repo", at(props, "repositoryOpts", "repo"))):
        command += [flag, str(value)] if value else []
    values = json.dumps(release.values, default=lambda _: PLACEHOLDER)
    try:
        done = subprocess.run(  # noqa: S603 - helm itself, with the stack's own values
            command, input=values, cwd=PROJECT, text=True, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise RenderError(f"{helm} is not installed; install helm, or give the path of one in HELM") from None
    if done.returncode != 0:
        raise RenderError(f"{release.label}: {_without_values(done.stderr.strip(), release.values)}")
    documents = [document for document in yaml.safe_load_all(done.stdout) if document]
    return [from_document(document, resource, namespace) for document in documents]


def _without_values(message: str, values: Any) -> str:
    """The message of helm without the values that it quotes: one of them may be a secret."""
    for _, value in walk(values):
        if isinstance(value, str) and value:
            message = message.replace(f"'{value}'", "'…'").replace(f'"{value}"', '"…"')
    return message


def findings(resources: Iterable[Resource], config: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What the rules find wrong with resources, under the levels and parameters of a configuration."""
    for resource in resources:
        for rule in RULES:
            enforced = level(rule, config)
            if enforced is not EnforcementLevel.DISABLED:
                parameters = {
                    key: value for key, value in config.get(rule.name, {}).items() if key != "enforcementLevel"
                }
                yield from (Finding(rule, enforced, message) for message in rule.violations(resource, parameters))


def main(arguments: list[str] | None = None) -> int:
    """Print what is wrong; 1 where a mandatory policy is broken, or the settings, a check or helm fail."""
    parser = argparse.ArgumentParser(prog="policies.manifests", description="Check what a stack would really apply.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    parser.add_argument("--helm", default=os.environ.get("HELM", "helm"), help="helm to render with (HELM, or on PATH)")
    given = parser.parse_args(arguments)
    try:
        config = stack_config(given.stack)
        registered = resources_of(given.stack, config)
        rendered = [manifest for resource in registered for manifest in render(resource, given.helm)]
        found = list(findings([*registered, *rendered], load_config(policy_environment(given.stack, config))))
    except FileNotFoundError as error:
        sys.stderr.write(f"error: there is no {error.filename}\n")
        return 1
    except (RenderError, PolicyCrashError, pulumi.RunError, OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for finding in found:
        sys.stdout.write(f"[{finding.level.value}] {finding.rule.name}: {finding.message}\n")
    sys.stdout.write(
        f"{given.stack}: {len(registered)} resources and {len(rendered)} rendered manifests against {len(RULES)} "
        f"policies: {len(found)} violations\n"
    )
    return int(any(finding.level is EnforcementLevel.MANDATORY for finding in found))


if __name__ == "__main__":
    sys.exit(main())
