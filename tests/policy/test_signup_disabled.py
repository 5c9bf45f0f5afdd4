"""Sign-up stays off for every flavour, nesting, spelling and kind of resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from policies.signup_disabled import COMPONENT, RULE
from tests.policy.support import (
    CONTAINER,
    MISSING,
    RELEASE,
    SECRET,
    UNKNOWN,
    VALUES,
    changed,
    deployment,
    expect,
    nested,
    release,
    variable,
    violations,
)

NAME = "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"
VARS = "global.extraEnvironmentVars"
TEXTS: list[tuple[Any, str | None]] = [
    *((spelling, None) for spelling in ("true", "True", "TRUE", "yes", "on", "1")),
    *((spelling, "is off") for spelling in ("false", "False", "no", "not", "off", "0")),
    *((spelling, "does not start with it") for spelling in ("", " ", "enabled", "t", "y", "2", "$(OTHER)", SECRET)),
    (UNKNOWN, "known only after the update"),
    (MISSING, "is not set"),
]
SCALARS: list[tuple[Any, str | None]] = [
    *((spelling, None) for spelling in (True, 1, 1.0)),
    *((spelling, "is off") for spelling in (False, 0)),
    *((spelling, "does not start with it") for spelling in (2, 1.5)),
    *((wrong, "is no text") for wrong in ({}, [], ["true"], {"value": "true"}, None)),
]


@pytest.mark.parametrize(("value", "problem"), [*TEXTS, *SCALARS])
@pytest.mark.parametrize("chart", ["charts/label-studio", "oci://r.example.com/label-studio", "chart-label-studio"])
def test_values_of_every_flavour(chart: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, f"{VARS}.{NAME}", value)
    shaped = nested(values) if chart.startswith("chart-") else values
    expect(violations(RULE, RELEASE, release(shaped, chart)), problem)


@pytest.mark.parametrize(("value", "problem"), [*TEXTS, (None, "does not start with it")])
@pytest.mark.parametrize("kind", ["apps/v1:Deployment", "apps/v1:StatefulSet", "apps/v1:DaemonSet"])
def test_workloads(kind: str, value: Any, problem: str | None) -> None:
    expect(violations(RULE, f"kubernetes:{kind}", variable(NAME, value)), problem)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (VARS, MISSING, "is not set"),
        (VARS, None, "is not set"),
        (VARS, [], "is not set"),
        (VARS, UNKNOWN, "is not set"),
        ("global", MISSING, "is not set"),
        ("global", UNKNOWN, "is not set"),
        ("global", "text", "is not set"),
        # What comes later in the container wins over the global variable, and capitals are the chart's affair.
        (f"app.extraEnvironmentVars.{NAME}", "false", "is off"),
        (f"app.extraEnvironmentVars.{NAME}", "true", None),
        (f"app.extraEnvironmentVars.{NAME.lower()}", False, "is off"),
        (f"{VARS}.{NAME.lower()}", "false", "is off"),
        # Label Studio reads the prefixed one, whatever the others say.
        (f"{VARS}.DISABLE_SIGNUP_WITHOUT_LINK", "false", None),
        (f"{VARS}.HEARTEX_DISABLE_SIGNUP_WITHOUT_LINK", "maybe", None),
        (f"app.extraEnvironmentVars.{NAME}", UNKNOWN, "known only after the update"),
        (f"app.extraEnvironmentSecrets.{NAME}", {"secretName": "a", "secretKey": "b"}, "comes from a Secret"),
        (f"global.extraEnvironmentSecrets.{NAME}", {"secretName": "a"}, "comes from a Secret"),
    ],
)
def test_places_that_reach_the_container(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(RULE, RELEASE, release(values)), problem)
    expect(violations(RULE, RELEASE, release(nested(values), "chart-label-studio")), problem)


def test_a_setting_where_the_chart_does_not_look_counts_for_nothing() -> None:
    values = changed(VALUES, f"{VARS}.{NAME}", MISSING)
    values["label-studio"] = {"global": {"extraEnvironmentVars": {NAME: "true"}}}
    expect(violations(RULE, RELEASE, release(values)), "is not set")
    expect(violations(RULE, RELEASE, release(nested(VALUES), "charts/label-studio")), None)
    own = changed(nested(VALUES), f"label-studio.app.extraEnvironmentVars.{NAME}", "false")
    expect(violations(RULE, RELEASE, release(own, "chart-label-studio")), "label-studio.app.extraEnvironmentVars")
    part = changed(nested(VALUES), f"label-studio.global.extraEnvironmentVars.{NAME}", "false")
    expect(violations(RULE, RELEASE, release(part, "chart-label-studio")), "label-studio.global")


@pytest.mark.parametrize("values", [{}, None, UNKNOWN, [], "text"])
def test_values_that_say_nothing(values: Any) -> None:
    expect(violations(RULE, RELEASE, {**release(), "values": values}), "is not set")


def test_value_files(tmp_path: Path) -> None:
    off = tmp_path / "off.yaml"
    off.write_text(f"app: {{extraEnvironmentVars: {{{NAME}: 'false'}}}}")
    without = changed(VALUES, f"{VARS}.{NAME}", MISSING)
    on = pulumi.StringAsset(f"global: {{extraEnvironmentVars: {{{NAME}: true}}}}")
    expect(violations(RULE, RELEASE, release(valueYamlFiles=[pulumi.FileAsset(str(off))])), "is off")
    expect(violations(RULE, RELEASE, release(without, valueYamlFiles=[on])), None)
    inline_wins = changed(VALUES, f"{VARS}.{NAME}", "false")
    expect(violations(RULE, RELEASE, release(inline_wins, valueYamlFiles=[on])), "is off")


@pytest.mark.parametrize(
    ("props", "problem"),
    [
        (deployment({**CONTAINER, "env": []}), "is not set"),
        (deployment({**CONTAINER, "env": MISSING}), "is not set"),
        (deployment({**CONTAINER, "env": UNKNOWN}), "is not set"),
        (variable(NAME, {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}), "comes from a ConfigMap"),
        (variable(NAME, {"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}), "comes from a Secret"),
        (variable(NAME.removeprefix("LABEL_STUDIO_"), "false"), None),
        # A wrapper's name, image or command does not matter: variables of Label Studio give the container away.
        (
            deployment({**variable(NAME, "false")["spec"]["template"]["spec"]["containers"][0], "image": "x:1"}),
            "is off",
        ),
        (deployment({"name": "x", "image": "registry.example.com/labelstudio:1.20"}), "is not set"),
        (deployment({"name": "x", "image": "x:1", "command": ["/bin/label-studio", "start"]}), "is not set"),
        (deployment({"name": "x", "image": "x:1", "command": ["sleep"]}), None),
        (deployment({"name": "x", "image": "registry.example.com/label-studio/valkey:8.1"}), None),
        (deployment({**CONTAINER, "args": ["nginx"], "env": []}), None),
        (deployment({**CONTAINER, "args": ["sh", "-c", "nginx & wait", "nginx"], "env": []}), "is not set"),
        (deployment({**CONTAINER, "args": ["python3", "manage.py", "rqworker", "low"], "env": []}), None),
        (deployment(initContainers=[{**CONTAINER, "env": []}]), "is not set"),
        (deployment(initContainers=[{**CONTAINER, "args": ["label-studio-migrate"], "env": []}]), None),
        (deployment(initContainers=[{**CONTAINER, "env": [], "restartPolicy": "Always"}]), "is not set"),
    ],
)
def test_containers(props: dict[str, Any], problem: str | None) -> None:
    container = props["spec"]["template"]["spec"]["containers"][0]
    if container.get("env") is MISSING:
        del container["env"]
    expect(violations(RULE, "kubernetes:apps/v1:Deployment", props), problem)


@pytest.mark.parametrize(
    ("value", "problem"), [("true", None), ("false", "is off"), (MISSING, None), (UNKNOWN, "known only")]
)
def test_a_patch_is_judged_by_what_it_sets(value: Any, problem: str | None) -> None:
    expect(violations(RULE, "kubernetes:apps/v1:DeploymentPatch", variable(NAME, value)), problem)


def test_lists_and_jobs() -> None:
    item = {**variable(NAME, "false"), "kind": "Deployment"}
    expect(violations(RULE, "kubernetes:apps/v1:DeploymentList", {"items": [item]}), "is off")
    expect(violations(RULE, "kubernetes:batch/v1:Job", variable(NAME, "false")), "is off")


@pytest.mark.parametrize(
    ("signup", "problem"),
    [("disabled", None), (MISSING, None), ("enabled", "not disabled"), (False, "not disabled"), (UNKNOWN, "unknown")],
)
def test_our_component(signup: Any, problem: str | None) -> None:
    props = {} if signup is MISSING else {"signup": signup}
    expect(violations(RULE, COMPONENT, props), problem)


def test_label_studio_is_recognised_by_component_and_by_values() -> None:
    urn = f"urn:pulumi:dev::p::{COMPONENT}${RELEASE}::x"
    expect(violations(RULE, RELEASE, release({"a": 1}, "other"), urn=urn), "is not set")
    expect(violations(RULE, RELEASE, release({"global": {"pgConfig": {}}}, "other")), "is not set")
    expect(violations(RULE, RELEASE, release({"a": 1}, "other")), None)
