"""A pack with an advisory policy that crashes on every release."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from pulumi_policy import EnforcementLevel, PolicyPack, Severity

from policies.checks.resources import Resource
from policies.checks.rule import Parameters, Rule


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """Take a text for a number, and so repeat it in the error."""
    if resource.type.endswith(":Release"):
        yield str(int(resource.props["name"]))


rule = Rule(
    name="crashing",
    title="Crashes",
    description="It crashes.",
    remediation="None.",
    severity=Severity.LOW,
    check=check,
    level=EnforcementLevel.ADVISORY,
)
PolicyPack("crashing", [rule.policy()])
