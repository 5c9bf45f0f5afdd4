"""Every object of a stack can have its name, whatever the settings call things, and no two have the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.annotation_project.project_names import taken_names
from components.annotation_project.settings import MAXIMUM_NAME
from components.kubernetes.names import LABEL, RELEASE, WORKLOAD, fitted
from components.settings.errors import SettingsError
from components.stack.compose import compose
from tests.unit.projects.test_settings import CREDENTIALS, LABELLING
from tests.unit.pulumi_mocks import Program, RegisteredResource, run_program
from tests.unit.stack_files import settings_of

DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# What the API server, a controller or the operator's webhook allows; a job's pods carry its name as a label.
LIMITS = {
    "Service": LABEL,
    "Job": LABEL,
    "CronJob": WORKLOAD,
    "StatefulSet": WORKLOAD,
    "Namespace": LABEL,
    "Release": RELEASE,
    "Cluster": 50,
    "postgresql": 58,
    "Tenant": WORKLOAD - len("-pool-0"),
    "Redis": WORKLOAD - len("rfr-"),
}
LONGEST_NAME = 253
ARCHIVE = {"addresses": "internet", "credentials": CREDENTIALS}
STORE = {"backend": "external", "region": "us-east-1", "bucket": "uploads", "addresses": "internet"}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dev": ("dev", {}),
    "prod": ("prod", {}),
    "operators": (
        "prod",
        {
            "cluster": {"podSecurity": "baseline"},
            "postgresql": {"backend": "zalando", "instances": 2, "walStorage": None, "teamId": "t" * 20},
            "redis": {"backend": "alauda"},
        },
    ),
    "backups": (
        "prod",
        {
            "postgresql": {
                "podMonitor": True,
                "backup": {"destinationPath": "s3://archive", **ARCHIVE},
                "restore": {"destinationPath": "s3://backups", **ARCHIVE},
            },
            "objectStore": {**STORE, "credentials": CREDENTIALS},
        },
    ),
}


def projects(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "title": f"Project {index}", "labelConfig": LABELLING} for index, name in enumerate(names)]


def stack(variant: str, *names: str, name: str = "label-studio") -> Program:
    base, settings = VARIANTS[variant]
    return run_program(lambda: compose(settings_of(base, {**settings, "projects": projects(*names)}), name=name))


def objects(program: Program) -> Iterator[tuple[str, str, RegisteredResource]]:
    """Each object of the cluster with its kind and name."""
    for resource in program:
        kind = resource.type.rpartition(":")[2]
        if resource.type.startswith("kubernetes:helm"):
            yield kind, resource.inputs["name"], resource
        elif "metadata" in resource.inputs:
            yield kind, resource.object_name, resource


def labels(value: Any) -> Iterator[str]:
    """The values of every label and selector below ``value``."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            if key in {"labels", "matchLabels"} or (key == "selector" and "matchLabels" not in member):
                yield from (text for text in member.values() if isinstance(text, str))
            yield from labels(member)
    elif isinstance(value, list):
        for member in value:
            yield from labels(member)


def assert_names_are_possible(program: Program) -> None:
    for kind, name, resource in objects(program):
        assert len(name) <= LIMITS.get(kind, LONGEST_NAME), f"{kind} {name} has {len(name)} characters"
        assert (DNS_LABEL if kind == "Service" else DNS_NAME).fullmatch(name), f"{kind} {name}"
        for text in labels(dict(resource.inputs)):
            assert len(text) <= LABEL, f"label {text} of {kind} {name} has {len(text)} characters"
    found = Counter((kind, name) for kind, name, _ in objects(program))
    assert [each for each, times in found.items() if times > 1] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_projects_may_have_names_of_the_greatest_length(variant: str) -> None:
    """Two, which differ in the last character."""
    names = ["p" * (MAXIMUM_NAME - 1) + last for last in "12"]
    assert_names_are_possible(stack(variant, *names))


@pytest.mark.parametrize("variant", VARIANTS)
def test_stacks_may_have_the_longest_name_that_helm_takes(variant: str) -> None:
    assert_names_are_possible(stack(variant, "p" * MAXIMUM_NAME, name="n" * RELEASE))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("n" * (RELEASE + 1), "at most 53 characters, and this has 54"),
        ("Studio", "lower-case letters"),
        ("1-studio", "begin with a letter"),
        ("studio-", "not end with '-'"),
        ("tools-app", "it contains ls-app or ls-pvc"),
    ],
)
def test_another_name_of_a_stack_is_refused_before_anything_is_made(name: str, problem: str) -> None:
    def program() -> None:
        with pytest.raises(ValueError, match=problem):
            compose(settings_of("dev"), name=name)

    assert [each.name for each in run_program(program) if each.custom] == []


def test_names_that_fit_stay_what_they_are() -> None:
    names = {name for kind, name, _ in objects(stack("dev", "cats")) if kind != "Job"}
    assert {"label-studio-cats-sync", "label-studio-postgresql-headless", "label-studio-store-cats-source"} <= names
    jobs = [name for kind, name, _ in objects(stack("dev", "cats")) if kind == "Job"]
    assert all(re.fullmatch(r"label-studio-[a-z-]+-[0-9a-f]{10}", name) for name in jobs)


@given(st.text(st.sampled_from("ab.-"), min_size=1, max_size=80), st.integers(20, 63))
def test_a_fitted_name_fits(name: str, limit: int) -> None:
    assert len(fitted(name, limit)) <= limit
    assert fitted(name, limit) == name or len(name) > limit


def test_names_that_differ_in_what_is_cut_stay_different() -> None:
    assert len({fitted(f"{'n' * 60}{index}-and-more") for index in range(1000)}) == 1000


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_project_has_the_name_of_another_part(variant: str) -> None:
    """Whatever a stack calls its objects: a project of that name is refused, or its own objects have other names."""
    first, prefix = "cats", "label-studio-"
    # The name of a job ends with a digest of what it does.
    found = {(kind, name) for kind, name, _ in objects(stack(variant, first)) if kind != "Job"}
    forms = {(kind, name.replace(first, "{}")) for kind, name in found if first in name}
    assert ("ConfigMap", f"{prefix}{{}}") in forms
    names = {name.removeprefix(prefix) for _, name in found}
    candidates = [name for name in names if re.fullmatch(r"[a-z][a-z0-9-]{2,29}", name) and name != first]
    for name in candidates:
        shared = {(kind, form.format(name)) for kind, form in forms} & found
        assert not shared or list(taken_names([first, name])), f"the project {name} shares {shared}"


def test_the_refusal_names_the_part() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", {"projects": projects("redis", "cats", "cats-sync")})
    said = str(caught.value)
    assert "projects[0].name: is the name of another part of the stack; write another one" in said
    assert "projects[2].name: is the name of another part of projects[1]" in said


def test_a_pool_with_a_long_name_is_refused_for_a_stack_with_a_long_name() -> None:
    with pytest.raises(ValueError, match="give the pool a shorter name"):
        run_program(
            lambda: compose(
                settings_of(
                    "prod", {"objectStore": {"pools": [{"name": "p" * 20, "servers": 4, "volumesPerServer": 1}]}}
                ),
                name="n" * 40,
            )
        )
