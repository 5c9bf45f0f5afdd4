"""The pack's configuration in both versions of Pulumi's format, and what an exception waives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policies.checks.configuration import ConfigurationError, configuration, read_config
from policies.findings import findings
from policies.pack import RULES, STACK_RULES, load_config
from tests.pages import PROJECT
from tests.policy.judge import resource
from tests.policy.objects import service

OPEN = service({"type": "NodePort", "ports": [{"port": 80}]})
NAMES = {*(rule.name for rule in RULES), *(rule.name for rule in STACK_RULES)}


def waived(policies: list[str], targets: list[str], reason: str = "the meter of the house") -> dict[str, Any]:
    match = [{"policies": policies, "targets": targets}]
    return {"version": 2, "policies": load_config("prod"), "exceptions": {"one": {"reason": reason, "match": match}}}


def test_an_exception_waives_one_policy_for_one_resource_and_says_why() -> None:
    first, second = resource(*OPEN, "first"), resource(*OPEN, "second")
    found = list(findings([first, second], configuration(waived(["service-exposure"], [first.urn]))))
    assert [finding.rule.name for finding in found] == ["service-exposure", "service-exposure"]
    assert [finding.blocks for finding in found] == [False, True]
    assert str(found[0]).endswith("(exception: the meter of the house)")
    assert not str(found[1]).endswith(")")
    other = findings([first], configuration(waived(["ingress-tls"], [first.urn])))
    assert all(finding.blocks for finding in other)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "write an object"),
        ({"version": 3}, "version must be 2"),
        ({"version": 2, "exceptions": []}, "exceptions must map"),
        (waived(["ingress-tls"], ["urn"], " "), "needs a reason"),
        (waived([], ["urn"]), "must match policies by name"),
        (waived(["all"], ["urn"]), "must match policies by name"),
        (waived(["ingress-tls"], []), "must match policies by name"),
    ],
)
def test_mistakes_are_one_line(content: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(content))
    if content == []:
        with pytest.raises(ConfigurationError, match=message):
            configuration(content)
        return
    with pytest.raises(ConfigurationError, match=f"config.json: .*{message}"):
        read_config(file)


def test_a_file_that_is_no_json_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{\n "a": \n')
    with pytest.raises(ConfigurationError, match=r"config.json is no JSON; fix line \d"):
        read_config(file)


def test_a_file_without_a_version_has_policies_only() -> None:
    assert configuration({"ingress-tls": {"enforcementLevel": "advisory"}}).policies == {
        "ingress-tls": {"enforcementLevel": "advisory"}
    }


def test_configurations_in_the_documentation_are_ones() -> None:
    text = (PROJECT / "docs" / "policies-use.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)]
    assert len(blocks) == 2
    for block in blocks:
        assert set(configuration(block).policies) <= NAMES
