"""Checks what a stack has deployed: `pulumi stack export | python -m scripts.policy_state CONFIG`.

The same policies as in a preview, over the inputs that the state remembers: it finds what was deployed before a policy
existed, or without the pack. Values that the state keeps encrypted stay so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from policies.checks.configuration import Configuration, ConfigurationError, read_config
from policies.checks.render import rendered
from policies.checks.resources import Provider, Resource
from policies.checks.rule import PolicyCrashError
from policies.findings import findings
from scripts.state import StateError, resource_records


def resources_of_state(file: TextIO) -> list[Resource]:
    """The live resources of an exported state, each with its provider. Raises StateError."""
    records = resource_records(file)
    providers = {
        each["urn"]: Provider(_name(each["urn"]), each.get("inputs", {}))
        for each in records
        if each["type"].startswith("pulumi:providers:")
    }
    return [
        Resource(
            each["type"],
            _name(each["urn"]),
            each.get("inputs", {}),
            each["urn"],
            each.get("protect", False),
            providers.get(each.get("provider", "").rpartition("::")[0]),
        )
        for each in records
        if each["type"] != "pulumi:pulumi:Stack"
    ]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def check(file: TextIO, config: Configuration) -> int:
    """Print what is wrong, waived violations with their reasons; 1 where a mandatory policy is broken."""
    resources = resources_of_state(file)
    manifests = [manifest for resource in resources for manifest in rendered(resource)]
    found = list(findings([*resources, *manifests], config))
    for finding in found:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(resources)} deployed resources: {sum(finding.blocks for finding in found)} violations\n")
    return int(any(finding.blocks for finding in found))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check standard input, or a file; 1 where a mandatory policy is broken, or that is no state."""
    parser = argparse.ArgumentParser(prog="scripts.policy_state", description="Check what a stack has deployed.")
    parser.add_argument("config", type=Path, help="configuration of the policies, such as policies/config.prod.json")
    parser.add_argument("state", nargs="?", type=argparse.FileType("r"), default=sys.stdin, help="exported state")
    given = parser.parse_args(arguments)
    try:
        return check(given.state, read_config(given.config))
    except (StateError, ConfigurationError, PolicyCrashError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
