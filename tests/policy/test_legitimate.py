"""Nothing that is right is refused: what people write by hand, and variants of every committed stack and example."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.checks.configuration import read_config
from policies.checks.dry_run import PROJECT, resources_of
from policies.checks.resources import Resource
from policies.pack import config_file
from tests.policy import accepted
from tests.policy.judge import of_resources, refusals
from tests.policy.objects import Given
from tests.policy.support import RELEASE, changed

STACKS = [*sorted(PROJECT.glob("Pulumi.*.yaml")), *sorted((PROJECT / "examples").glob("Pulumi.*.yaml"))]
NOTES = {
    "team": "labelling",
    "argocd.argoproj.io/sync-wave": "1",
    "meta.helm.sh/release-name": "label-studio",
}
SPEC = ("spec", "template", "spec")
PODS: dict[str, Any] = {
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "labelling", "effect": "NoSchedule"}],
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "high",
    "hostAliases": [{"ip": "198.51.100.7", "hostnames": ["pg.example.com"]}],
    "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
    "runtimeClassName": "gvisor",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 120,
}
VALUES: dict[str, Any] = {
    "app.nodeSelector": {"kubernetes.io/arch": "amd64"},
    "app.tolerations": [{"key": "a", "operator": "Exists"}],
    "global.imagePullSecrets": [{"name": "registry"}],
    "global.extraEnvironmentVars.LOG_LEVEL": "INFO",
    "global.extraEnvironmentVars.HTTPS_PROXY": "http://proxy.example.com:3128",
    "app.serviceAccount.annotations": {"iam.gke.io/gcp-service-account": "ls@p.iam.gserviceaccount.com"},
    "app.ingress": {"enabled": False},
    "app.podLabels.team": "labelling",
    "app.annotations.prometheus.io/scrape": "true",
}


@pytest.mark.parametrize("given", accepted.ALL.values(), ids=accepted.ALL.keys())
def test_what_people_rightly_write(given: list[Given]) -> None:
    assert refusals(*given) == set()


def stack_of(file: Path) -> str:
    return file.name.split(".")[1]


@cache
def registered(file: Path) -> tuple[Resource, ...]:
    return tuple(resources_of(stack_of(file), yaml.safe_load(file.read_text())["config"]))


def config_of(file: Path) -> dict[str, Any]:
    own = file.with_name(f"policies.{stack_of(file)}.json")
    environment = "dev" if stack_of(file) == "dev" else "prod"
    return dict(read_config(own if own.exists() else config_file(environment)).policies)


def variants(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """The resource with each thing that a site may want of it."""
    props = json.loads(json.dumps(resource.props, default=lambda _: "unknown"))
    if resource.type == RELEASE:
        nested = "label-studio" in props["values"]
        for path, value in VALUES.items():
            inner = f"label-studio.{path}" if nested and not path.startswith("global") else path
            steps = inner if "prometheus" not in inner else inner.rpartition(".prometheus")[0]
            given = value if steps == inner else {"prometheus.io/scrape": "true"}
            yield path, dataclasses.replace(resource, props=changed(resource.props, f"values.{steps}", given))
    elif resource.type.startswith("kubernetes:"):
        notes = {**props.get("metadata", {}).get("annotations", {}), **NOTES}
        if not resource.type.endswith(":Service"):
            notes["example.com/owner"] = "labelling"
        yield "notes", dataclasses.replace(resource, props=changed(resource.props, "metadata.annotations", notes))
        if resource.props.get("spec", {}).get("template") and resource.type.split(":")[1].split("/")[0] in (
            "apps",
            "batch",
        ):
            for key, value in PODS.items():
                yield (
                    key,
                    dataclasses.replace(resource, props=changed(resource.props, f"{'.'.join(SPEC)}.{key}", value)),
                )


@pytest.mark.parametrize("file", STACKS, ids=stack_of)
def test_committed_stacks_and_examples(file: Path) -> None:
    assert of_resources(registered(file), config_of(file)) == set()


@pytest.mark.parametrize("file", STACKS, ids=stack_of)
def test_variants_of_committed_stacks_and_examples(file: Path) -> None:
    config = config_of(file)
    count = 0
    for resource in registered(file):
        others = [
            each
            for each in registered(file)
            if each is not resource and each.type.endswith((":ConfigMap", ":kubernetes"))
        ]
        for name, variant in variants(resource):
            count += 1
            assert of_resources([*others, variant], config) == set(), (resource.name, name)
    assert count > 20
