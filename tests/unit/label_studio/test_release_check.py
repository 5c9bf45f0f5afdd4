"""The job that tries a release beforehand: what it is given, when it runs again, and what waits for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import pytest

from components.label_studio.files.release_check import REFUSED, Migration, named, newer_than
from tests.unit.label_studio.arguments import DEPLOYMENT, RELEASE
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables
from tests.unit.pulumi_mocks import Program, RegisteredResource
from tests.unit.test_rotation import JOB, rotated

NAME = "label-studio-release-check"
KNOWN = [("tasks", "0001_initial"), ("tasks", "0002_more"), ("users", "0009_last")]


@cache
def stack() -> Program:
    return rotated()


def job(program: Program) -> RegisteredResource:
    return program.one(JOB, NAME)


def other(**label_studio: Any) -> str:
    return job(rotated({"labelStudio": label_studio})).object_name


def test_release_and_workers_wait_for_it() -> None:
    release = stack().one(RELEASE)
    assert job(stack()).urn in release.dependencies
    assert release.urn in stack().one(DEPLOYMENT).dependencies


def test_it_waits_for_the_database_and_for_what_it_mounts() -> None:
    needed = " ".join(job(stack()).dependencies)
    assert "label-studio-postgresql-setup" in needed
    assert "ConfigMap::label-studio-settings" in needed


def test_it_has_what_the_containers_of_the_release_have() -> None:
    pod = pod_of(job(stack()))
    assert_restricted(pod)
    assert_mounts_exist(pod)
    [container] = pod["containers"]
    [worker, _] = pod_of(stack().one(DEPLOYMENT))["containers"]
    assert container["image"] == worker["image"]
    assert variables(worker).items() <= variables(container).items()
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {mount["mountPath"] for mount in worker["volumeMounts"]} <= mounts
    # The group is that of the image, as in the pods of the page.
    assert "runAsGroup" not in pod["securityContext"]
    assert container["command"][-1] == str(REFUSED)
    policy = stack().one("kubernetes:networking.k8s.io/v1:NetworkPolicy", NAME)
    labels = job(stack()).inputs["spec"]["template"]["metadata"]["labels"]
    assert policy.inputs["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_what_it_checks_makes_it_run_again_and_nothing_else_does() -> None:
    name = job(stack()).object_name
    assert re.fullmatch(rf"{NAME}-[0-9a-f]{{10}}", name)
    assert job(rotated({"images": {"labelStudio": "docker.io/heartexlabs/label-studio:1.20.0"}})).object_name != name
    assert other(extraEnvironmentVars={"LOG_LEVEL": "DEBUG"}) != name
    assert other(replicas=1, podDisruptionBudget=False) == name


@pytest.mark.parametrize(
    ("applied", "planned", "newer"),
    [
        (KNOWN, [], []),
        ([*KNOWN, ("tasks", "0003_new")], [], ["tasks.0003_new"]),
        # Merged into another one and taken away since.
        ([("users", "0001_initial"), ("users", "0010_merged"), *KNOWN], [], []),
        ([*KNOWN, ("fsm", "0001_initial")], [], ["fsm.0001_initial"]),
        # The image has given the application up, and goes on elsewhere.
        ([*KNOWN, ("fsm", "0001_initial")], [("users", "0009_last")], []),
        ([], [*KNOWN], []),
    ],
)
def test_migrations_after_those_of_the_image_are_of_a_newer_one(
    applied: Sequence[Migration], planned: Collection[Migration], newer: list[str]
) -> None:
    assert newer_than(KNOWN, applied, planned) == newer


def test_few_of_many_migrations_are_named() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named([*"abcdefg"]) == "a, b, c, d, e and 2 more"
