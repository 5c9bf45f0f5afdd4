"""The namespace of a stack, and what its network policies select."""

from __future__ import annotations

from typing import Any

import pytest

from components.namespace import Namespace
from components.stack.compose import compose
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import settings_of

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
OURS = {"matchLabels": {"app.kubernetes.io/part-of": "label-studio"}}
DNS_PORTS = {53, 5353}


def policies(**cluster: Any) -> dict[str, Any]:
    settings = settings_of("dev", {"cluster": cluster}).cluster
    program = run_program(lambda: Namespace("label-studio", settings))
    return {each.name: each.inputs["spec"] for each in program.all(POLICY)}


@pytest.mark.parametrize(("create", "selected"), [(True, {}), (False, OURS)])
def test_only_in_a_namespace_of_its_own_every_pod_is_cut_off(create: bool, selected: dict[str, Any]) -> None:
    specs = policies(createNamespace=create)
    assert {name: spec["podSelector"] for name, spec in specs.items()} == {
        "label-studio-default-deny": selected,
        "label-studio-dns": selected,
    }


def reaches_dns(spec: dict[str, Any]) -> bool:
    return any({port.get("port") for port in rule.get("ports", [])} >= DNS_PORTS for rule in spec["egress"])


@pytest.mark.parametrize("create", [True, False])
def test_pods_that_operators_make_reach_dns_in_a_shared_namespace_too(create: bool) -> None:
    """They do not have the label by which the policy for DNS selects pods there."""
    settings = settings_of("prod", {"cluster": {"createNamespace": create}})
    program = run_program(lambda: compose(settings))
    own = [each for each in program.all(POLICY) if each.name not in ("label-studio-default-deny", "label-studio-dns")]
    assert own and all(reaches_dns(each.inputs["spec"]) is not create for each in own)
