"""The user of every pod: that of its image, one for all, or whichever the cluster assigns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.settings.errors import SettingsError
from components.stack.compose import compose
from components.stack.settings import Settings, validate_stack
from tests.unit.pod_checks import workloads
from tests.unit.pulumi_mocks import Program, run_program
from tests.unit.stack_files import stack_config

USER_KEYS = {"runAsUser", "runAsGroup", "fsGroup"}
OTHERS = 1000650000
LABELS = """<View><Image name="image" value="$image"/>
<Choices name="kind" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>"""
CATS = {"name": "cats", "labelConfig": LABELS, "source": {"prefix": "cats/input/"}}


def chosen(stack: str = "dev", user: Any = "image", **settings: Any) -> Settings:
    """Those of a committed stack; null is written into its file, which otherwise takes a key away."""
    config = stack_config(stack, settings)
    config["label-studio:cluster"]["runAsUser"] = user
    return validate_stack(config)


def program(stack: str = "dev", user: Any = "image", **settings: Any) -> Program:
    settled = chosen(stack, user, **settings)
    return run_program(lambda: compose(settled))


def found(tree: Any) -> Iterator[tuple[str, Any]]:
    """Each user or group that an object names, whatever it is in."""
    if isinstance(tree, dict):
        yield from ((key, value) for key, value in tree.items() if key in USER_KEYS and value is not None)
        for value in tree.values():
            yield from found(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from found(value)


def users(made: Program) -> set[tuple[str, Any]]:
    return {each for resource in made if resource.type.startswith("kubernetes:") for each in found(resource.inputs)}


@pytest.mark.parametrize(("stack", "least"), [("dev", 6), ("prod", 3)])
def test_no_pod_names_a_user_where_the_cluster_assigns_them(stack: str, least: int) -> None:
    made = program(stack, None, projects=[CATS])
    assert len(workloads(made)) >= least
    assert users(made) == set()
    # Unless the chart is told so, it names its own.
    values = made.one("kubernetes:helm.sh/v3:Release").inputs["values"]
    assert {"runAsUser", "fsGroup"} <= values["app"]["podSecurityContext"].keys()


def test_one_user_for_all_pods() -> None:
    made = program(user=OTHERS, projects=[CATS])
    assert users(made) == {("runAsUser", OTHERS), ("fsGroup", OTHERS)}


def test_each_image_has_its_own_user_by_default() -> None:
    assert users(program()) == {
        *((key, user) for key in USER_KEYS for user in (999, 1000)),
        *((key, 1001) for key in ("runAsUser", "fsGroup")),
    }


def test_the_older_key_is_about_label_studio_alone() -> None:
    values = {value for _, value in users(program(labelStudio={"runAsUser": OTHERS}))}
    assert values == {999, 1000, OTHERS}


@pytest.mark.parametrize("user", [OTHERS, None])
def test_the_keys_must_not_differ(user: int | None) -> None:
    with pytest.raises(SettingsError, match=r"labelStudio\.runAsUser: must not differ from cluster\.runAsUser"):
        chosen(user=user, labelStudio={"runAsUser": 1002})
    assert chosen(user=1002, labelStudio={"runAsUser": 1002}).cluster.run_as_user == 1002


@pytest.mark.parametrize("wrong", [0, "root", -1, "999"])
def test_users_are_numbers(wrong: Any) -> None:
    with pytest.raises(SettingsError, match=r"cluster\.runAsUser"):
        chosen(user=wrong)
