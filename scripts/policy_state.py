"""Checks what a stack has deployed: `pulumi stack export | python -m scripts.policy_state CONFIG`.

The same policies as in a preview, over the inputs that the state remembers: it finds what was deployed before a policy
existed, or without the pack. Values that the state keeps encrypted stay so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from pulumi_policy import EnforcementLevel

from policies.checks.resources import Provider, Resource
from policies.manifests import findings
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


def check(file: TextIO, config: Mapping[str, Mapping[str, Any]]) -> int:
    """Print what is wrong; 1 where a mandatory policy is broken."""
    resources = resources_of_state(file)
    found = list(findings(resources, config))
    for finding in found:
        sys.stdout.write(f"[{finding.level.value}] {finding.rule.name}: {finding.message}\n")
    sys.stdout.write(f"{len(resources)} deployed resources: {len(found)} violations\n")
    return int(any(finding.level is EnforcementLevel.MANDATORY for finding in found))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check standard input, or a file; 1 where a mandatory policy is broken, or that is no state."""
    parser = argparse.ArgumentParser(prog="scripts.policy_state", description="Check what a stack has deployed.")
    parser.add_argument("config", type=Path, help="configuration of the policies, such as policies/config.prod.json")
    parser.add_argument("state", nargs="?", type=argparse.FileType("r"), default=sys.stdin, help="exported state")
    given = parser.parse_args(arguments)
    try:
        return check(given.state, json.loads(given.config.read_text(encoding="utf-8")))
    except StateError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
