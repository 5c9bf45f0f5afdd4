"""Checks what a stack would really apply: `python -m policies.manifests <stack>` (`make policy-manifests`).

The same as the pack does within the engine, without one: the program runs against mocks, the real helm renders its
releases, and every rule looks at each resource and manifest, and at all of them. No cluster, plugin or Pulumi CLI is
needed; a chart that is published elsewhere has to be within helm's reach.
"""

from __future__ import annotations

import argparse
import os
import sys

import pulumi

from .checks.configuration import ConfigurationError, read_config
from .checks.dry_run import resources_of
from .checks.helm import RenderError
from .checks.render import rendering_of
from .checks.resources import Resource
from .checks.rule import PolicyCrashError
from .findings import findings
from .pack import RULES, STACK_RULES, config_file
from .stacks import StackFileError, policy_environment, stack_config


def render(resource: Resource, helm: str = "") -> list[Resource]:
    """The manifests of a release as resources. Raises RenderError where helm is missing, or refuses the values.

    A chart that is not here, and cannot be fetched, is for the policy release-checkable: it may be admitted.
    """
    rendering = rendering_of(resource, helm)
    if rendering.has_no_helm:
        raise RenderError(rendering.error)
    if rendering.error and rendering.digest:
        raise RenderError(f"Release {resource.name}: {rendering.error}")
    return list(rendering.manifests)


def main(arguments: list[str] | None = None) -> int:
    """Print what is wrong; 1 where a mandatory policy is broken, or the settings, a check or helm fail."""
    parser = argparse.ArgumentParser(prog="policies.manifests", description="Check what a stack would really apply.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    parser.add_argument("--helm", default=os.environ.get("HELM", ""), help="helm to render with (HELM, or on PATH)")
    given = parser.parse_args(arguments)
    try:
        config = stack_config(given.stack)
        registered = resources_of(given.stack, config)
        rendered = [manifest for resource in registered for manifest in render(resource, given.helm)]
        settings = read_config(config_file(policy_environment(given.stack, config)))
        found = list(findings([*registered, *rendered], settings))
    except (StackFileError, RenderError, PolicyCrashError, ConfigurationError, pulumi.RunError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for finding in found:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(
        f"{given.stack}: {len(registered)} resources and {len(rendered)} rendered manifests against "
        f"{len(RULES) + len(STACK_RULES)} policies: {sum(finding.blocks for finding in found)} violations\n"
    )
    return int(any(finding.blocks for finding in found))


if __name__ == "__main__":
    sys.exit(main())
