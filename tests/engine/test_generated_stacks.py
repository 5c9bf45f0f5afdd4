"""Whatever stack file the settings accept, the API server accepts its objects, those of the chart included."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from components.annotation_project.settings import MAXIMUM_NAME
from components.kubernetes import names
from components.settings.errors import SettingsError
from components.stack.compose import compose
from components.stack.settings import Settings, validate
from tests.chart.helm import Chart
from tests.engine.cluster import Cluster, Object
from tests.engine.operators import definition
from tests.generated_stacks import BASES, PROJECT, stack_files
from tests.unit.pulumi_mocks import RegisteredResource, run_program

# How many files; a run at night looks at more of them.
FILES = int(os.environ.get("LABEL_STUDIO_GENERATED_STACKS", "100"))
RELEASE = "kubernetes:helm.sh/v3:Release"
# Operators' kinds: the server looks at metadata only. Their own schemas are those of tests/unit.
KINDS = [
    ("postgresql.cnpg.io", "v1", "Cluster", "clusters"),
    ("postgresql.cnpg.io", "v1", "ScheduledBackup", "scheduledbackups"),
    ("barmancloud.cnpg.io", "v1", "ObjectStore", "objectstores"),
    ("acid.zalan.do", "v1", "postgresql", "postgresqls"),
    ("minio.min.io", "v2", "Tenant", "tenants"),
    ("middleware.alauda.io", "v1", "Redis", "redis"),
]


@pytest.fixture(scope="module", autouse=True)
def _kinds(cluster: Cluster) -> Iterator[None]:
    made = [definition(*kind) for kind in KINDS]
    for each in made:
        cluster.create(each)
    yield
    for each in made:
        cluster.delete(each["apiVersion"], each["kind"], "", each["metadata"]["name"])


def objects_of(stack: Settings, chart: Chart, namespace: str, name: str = "label-studio") -> Iterator[Object]:
    """Everything that an update would apply, in a namespace that is there; nothing of the charts of others."""
    for resource in run_program(lambda: compose(stack, name=name)):
        if resource.type == RELEASE:
            if stack.label_studio.chart.flavour == "embedded":
                values = resource.inputs["values"]
                yield from (placed(item, namespace) for item in chart.render(values, release=name).all())
        elif resource.custom and resource.type.startswith("kubernetes:"):
            yield placed(document(resource), namespace)


def document(resource: RegisteredResource) -> Object:
    """The object that the provider applies."""
    _, version, kind = resource.type.split(":")
    return {"apiVersion": version.removeprefix("core/"), "kind": kind, **resource.inputs}


def placed(item: Object, namespace: str) -> Object:
    """The object in the namespace of the test."""
    within = {} if item["kind"] == "Namespace" else {"namespace": namespace}
    return {**item, "metadata": {**item["metadata"], **within}}


def refusals(given_keys: Mapping[str, Any], cluster: Cluster, chart: Chart, namespace: str) -> list[str]:
    """What the server says against a stack file that the settings accept."""
    stack = validate(given_keys)
    return [text for item in objects_of(stack, chart, namespace) if (text := cluster.would_create(item))]


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    return Chart(tmp_path_factory.mktemp("no-schemas"))


@pytest.mark.parametrize("base", BASES, ids=lambda base: base["postgresql"]["backend"])
def test_what_is_generated_from_is_accepted(
    base: Mapping[str, Any], cluster: Cluster, chart: Chart, namespace: str
) -> None:
    assert refusals(base, cluster, chart, namespace) == []


@pytest.mark.parametrize("base", BASES, ids=lambda base: base["postgresql"]["backend"])
def test_names_at_their_limits_are_accepted(
    base: Mapping[str, Any], cluster: Cluster, chart: Chart, namespace: str
) -> None:
    projects = [
        {
            **PROJECT,
            "name": "p" * (MAXIMUM_NAME - 1) + last,
            "title": f"Project {last}",
            **{each: {"prefix": f"{last}/{each}"} for each in ("source", "target")},
        }
        for last in "12"
    ]
    stack = validate({**base, "projects": projects})
    items = [*objects_of(stack, chart, namespace, "n" * names.RELEASE)]
    assert sum("pppp" in item["metadata"]["name"] for item in items) > len(projects)
    assert [text for item in items if (text := cluster.would_create(item))] == []


def test_the_server_accepts_what_the_settings_accept(cluster: Cluster, chart: Chart, namespace: str) -> None:
    accepted = 0

    @settings(max_examples=FILES * 20, deadline=None, phases=(Phase.generate,), suppress_health_check=[*HealthCheck])
    @given(stack_files())
    def check(keys: dict[str, Any]) -> None:
        nonlocal accepted
        if accepted >= FILES:
            return
        try:
            validate(keys)
        except SettingsError:
            return
        accepted += 1
        assert refusals(keys, cluster, chart, namespace) == [], json.dumps(keys)

    check()
    assert accepted >= FILES
