"""What holds for all rules: they accept what is right, never crash, never tell a value, and are declared in full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_policy import EnforcementLevel
from pulumi_policy.proxy import unknown_checking_proxy

from policies import release_checkable
from policies.checks.resources import Resource
from policies.checks.rule import PolicyCrashError, Rule
from policies.checks.stack import Stack, StackRule
from policies.checks.values import plain
from policies.pack import FOLDER, RULES, STACK_RULES, level, load_config
from tests.policy.judge import resource
from tests.policy.support import (
    METADATA,
    RELEASE,
    SECRET,
    UNKNOWN,
    VALUES,
    deployment,
    nested,
    release,
    violations,
)

MANDATORY_EVERYWHERE = {
    "kinds-known",
    "environment-readable",
    "signup-disabled",
    "ingress-tls",
    "gateway-tls",
    "host-https",
    "administrator-present",
}
ENVIRONMENTS = ("dev", "prod")
EVERY: tuple[Rule | StackRule, ...] = (*RULES, *STACK_RULES)
KINDS = [
    RELEASE,
    "kubernetes:helm.sh/v4:Chart",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:ConfigMapList",
    "kubernetes:core/v1:List",
    "kubernetes:apps/v1:DeploymentPatch",
    "kubernetes:yaml/v2:ConfigGroup",
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:networking.k8s.io/v1:IngressClass",
    "kubernetes:example.com/v1:Thing",
    "random:index/randomPassword:RandomPassword",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:Secret",
    "kubernetes:core/v1:Service",
    "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:gateway.networking.k8s.io/v1:Gateway",
    "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
    "kubernetes:postgresql.cnpg.io/v1:Cluster",
    "kubernetes:barmancloud.cnpg.io/v1:ObjectStore",
    "kubernetes:acid.zalan.do/v1:postgresql",
    "kubernetes:middleware.alauda.io/v1:Redis",
    "kubernetes:minio.min.io/v2:Tenant",
    "label-studio:label_studio:LabelStudio",
    "pulumi:providers:kubernetes",
]
INGRESS = {
    "metadata": METADATA,
    "spec": {"rules": [{"host": "a.example.com"}], "tls": [{"secretName": "a", "hosts": ["a.example.com"]}]},
}
RIGHT = [
    (RELEASE, release()),
    (RELEASE, release(chart="oci://registry.example.com/charts/label-studio", version="1.11.5")),
    (RELEASE, release(nested(VALUES), "3rdparty/chart-label-studio", version="1.20.0")),
    (RELEASE, release(nested(VALUES), "label-studio-alauda-1.20.0.tgz", version="1.20.0")),
    ("kubernetes:apps/v1:Deployment", deployment()),
    ("kubernetes:networking.k8s.io/v1:Ingress", INGRESS),
]
# Whatever a rule reads, with something odd in its place.
KEYS = sorted(
    {"spec", "metadata", "data", "name", "namespace", "annotations", "labels", "template", "containers", "env", "image",
     "value", "valueFrom", "secretKeyRef", "args", "command", "envFrom", "volumes", "securityContext", "resources",
     "limits", "values", "chart", "valueYamlFiles", "repositoryOpts", "global", "app", "ingress", "enabled", "tls",
     "hosts", "rules", "host", "extraEnvironmentVars", "extraEnvironmentSecrets", "redisConfig", "pgConfig", "items",
     "kind", "listeners", "parentRefs", "jobTemplate", "service", "type", "persistence", "extraVolumes", "pools",
     "LABEL_STUDIO_HOST", "LABEL_STUDIO_USERNAME", "CSRF_TRUSTED_ORIGINS", "password", "context", "postgresql",
     "version", "imageName", "containerSecurityContext", "label-studio", "signup", "filters"}
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just(UNKNOWN), st.just(SECRET)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5), st.just(VALUES)
    ),
    max_leaves=25,
)


# Charts of the list above that are published, and that nobody can fetch here.
ADMITTED = {f"{props['chart']}@{props['version']}": "reviewed" for _, props in RIGHT if "version" in props}


def defaults_of(environment: str, rule: Rule) -> dict[str, Any]:
    own = {"admittedCharts": ADMITTED} if rule is release_checkable.RULE else {}
    config = load_config(environment).get(rule.name, {})
    return {**{key: value for key, value in config.items() if key != "enforcementLevel"}, **own}


@pytest.mark.parametrize(("kind", "props"), RIGHT)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_right_passes_every_rule(environment: str, kind: str, props: dict[str, Any]) -> None:
    found = {rule.name: violations(rule, kind, props, config=defaults_of(environment, rule)) for rule in RULES}
    assert {name: messages for name, messages in found.items() if messages} == {}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), TREES, max_size=6))
def test_no_input_crashes_a_rule_or_shows_in_a_message(kind: str, props: dict[str, Any]) -> None:
    for rule in RULES:
        for message in violations(rule, kind, props):
            assert SECRET not in message.replace(f"name {SECRET}", "")
    stack = Stack([resource(kind, plain(unknown_checking_proxy(props)))], plain(unknown_checking_proxy(props)))
    for stack_rule in STACK_RULES:
        for message, _ in stack_rule.violations(stack):
            assert SECRET not in message.replace(f"name {SECRET}", "")


def leaf_paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield from leaf_paths(value, (*path, key))
    if not isinstance(tree, dict | list):
        yield path


def with_leaf(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copied = list(tree) if isinstance(tree, list) else dict(tree)
    copied[path[0]] = with_leaf(tree[path[0]], path[1:], value)
    return copied


# The names of resources and containers are how messages call them.
SHOWN = {("metadata", "name"), ("spec", "template", "spec", "containers", 0, "name")}


@pytest.mark.parametrize(("kind", "props"), RIGHT)
def test_a_secret_in_any_place_is_in_no_message(kind: str, props: dict[str, Any]) -> None:
    for path in leaf_paths(props):
        if path in SHOWN or path[-1] == "name":
            continue
        broken = with_leaf(props, path, SECRET)
        for rule in RULES:
            for message in violations(rule, kind, broken):
                assert SECRET not in message, (rule.name, path)


@pytest.mark.parametrize(("kind", "props"), RIGHT)
def test_an_unknown_value_in_any_place_ends_no_rule(kind: str, props: dict[str, Any]) -> None:
    for path in leaf_paths(props):
        for rule in RULES:
            violations(rule, kind, with_leaf(props, path, UNKNOWN))
        stack = Stack([resource(kind, plain(unknown_checking_proxy(with_leaf(props, path, UNKNOWN))))])
        for stack_rule in STACK_RULES:
            stack_rule.violations(stack)


def test_a_crash_is_no_pass_and_tells_no_value() -> None:
    def check(resource: Resource, parameters: Any) -> Iterator[str]:
        yield str(int(resource.props["port"]))

    rule = Rule(name="crashing", title="t", description="d", remediation="r", severity=RULES[0].severity, check=check)
    with pytest.raises(PolicyCrashError) as crash:
        violations(rule, RELEASE, {"port": SECRET})
    assert "policy crashing crashed" in str(crash.value)
    assert "ValueError" in str(crash.value)
    assert SECRET not in str(crash.value)
    assert crash.value.__cause__ is None


def test_names_are_unique_and_declarations_complete() -> None:
    names = [rule.name for rule in EVERY]
    assert len(set(names)) == len(names)
    for rule in EVERY:
        policy = rule.policy()
        assert policy.enforcement_level is not None
        assert policy.severity is not None
        assert all((policy.description, policy.display_name, policy.remediation_steps))
        assert {file.stem.replace("_", "-") for file in FOLDER.glob("*.py")} >= {rule.name}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_configurations_name_every_rule_once_and_only_known_parameters(environment: str) -> None:
    pairs: list[tuple[str, Any]] = json.loads(
        (FOLDER / f"config.{environment}.json").read_text(), object_pairs_hook=lambda pairs: pairs
    )
    policies = dict(pairs)["policies"]
    assert [name for name, _ in policies] == [rule.name for rule in EVERY]
    config = load_config(environment)
    for rule in EVERY:
        assert set(config[rule.name]) - {"enforcementLevel"} <= set(rule.parameters), rule.name
        assert "enforcementLevel" in config[rule.name]


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, None])
def test_what_is_mandatory_everywhere(environment: str | None) -> None:
    config = load_config(environment) if environment else {}
    levels = {rule.name: level(rule, config) for rule in EVERY}
    assert {name for name, given in levels.items() if given is EnforcementLevel.MANDATORY} >= MANDATORY_EVERYWHERE
    if environment == "prod":
        assert {name for name, given in levels.items() if given is not EnforcementLevel.MANDATORY} == {
            "unknowns-reported"
        }
