"""The examples are stacks that work: parsed, composed as in a preview, and held against the policies of production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from pulumi_policy import EnforcementLevel

from components.stack.settings import load_settings
from policies.checks.configuration import read_config
from policies.checks.dry_run import resources_of
from policies.checks.resources import Resource
from policies.findings import findings
from policies.image_registries import DEFAULT
from policies.pack import load_config
from tests.unit.stack_files import PROJECT, configured

EXAMPLES = PROJECT / "examples"
STACKS = sorted(path.name.split(".")[1] for path in EXAMPLES.glob("Pulumi.*.yaml"))


def config_of(stack: str) -> Mapping[str, Any]:
    config: Mapping[str, Any] = yaml.safe_load((EXAMPLES / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def policies_of(stack: str) -> Mapping[str, Mapping[str, Any]]:
    own = EXAMPLES / f"policies.{stack}.json"
    return read_config(own).policies if own.exists() else load_config("prod")


@cache
def resources(stack: str) -> list[Resource]:
    return resources_of(stack, config_of(stack))


def test_there_is_an_example_for_each_kind_of_platform() -> None:
    assert STACKS == ["alauda", "cloud", "openshift", "single-node"]


@pytest.mark.parametrize("stack", STACKS)
def test_settings_are_accepted(stack: str) -> None:
    with configured(config_of(stack)):
        assert load_settings().is_production


@pytest.mark.parametrize("stack", STACKS)
def test_one_release_installs_label_studio(stack: str) -> None:
    assert len([each for each in resources(stack) if each.type == "kubernetes:helm.sh/v3:Release"]) == 1


@pytest.mark.parametrize("stack", STACKS)
def test_no_policy_of_production_is_broken(stack: str) -> None:
    broken = [
        f"{finding.rule.name}: {finding.message}"
        for finding in findings(resources(stack), policies_of(stack))
        if finding.level is not EnforcementLevel.DISABLED
    ]
    assert broken == []


def test_policies_see_what_is_wrong_with_an_example() -> None:
    exposed = json.loads(json.dumps(config_of("single-node")))
    exposed["label-studio:labelStudio"]["service"] = {"type": "LoadBalancer"}
    found = findings(resources_of("single-node", exposed), policies_of("single-node"))
    assert "service-exposure" in {finding.rule.name for finding in found}


def test_scheduled_exports_and_webhooks_break_no_policy_of_production() -> None:
    labelling = '<View><Image name="i" value="$i"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
    hook = {
        "url": "http://receiver.training.svc.cluster.local:8080/label-studio",
        "actions": ["ANNOTATION_CREATED", "EXPORT_DONE"],
        "secret": {"secretName": "receiver", "secretKey": "token"},
    }
    export = {"format": "COCO", "schedule": "0 2 * * *", "withData": True}
    project = {"name": "cats", "labelConfig": labelling, "webhooks": [hook], "exports": [export]}
    made = resources_of("single-node", {**config_of("single-node"), "label-studio:projects": [project]})
    assert [it for it in made if it.type == "kubernetes:batch/v1:CronJob" and "export" in it.name]
    broken = findings(made, policies_of("single-node"))
    assert [finding.message for finding in broken if finding.level is not EnforcementLevel.DISABLED] == []


def test_a_model_server_breaks_no_policy_but_that_of_its_registry() -> None:
    labelling = '<View><Image name="i" value="$i"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
    server = {
        "image": "registry.example.com/models/detector:1.0.0",
        "gpus": 1,
        "env": {"THRESHOLD": "0.5"},
        "envSecrets": {"WEIGHTS_TOKEN": {"secretName": "weights", "secretKey": "token"}},
        "scheduling": {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
    }
    models = [{"name": "detector", "server": server, "trainAfter": 50}, {"name": "old", "url": "http://10.1.2.3:9090"}]
    project = {"name": "cats", "labelConfig": labelling, "mlBackends": models}
    made = resources_of("single-node", {**config_of("single-node"), "label-studio:projects": [project]})
    assert [it for it in made if it.type == "kubernetes:apps/v1:Deployment" and it.name.endswith("ml-detector")]
    policies = policies_of("single-node")
    broken = findings(made, policies)
    [message] = [finding.message for finding in broken if finding.level is not EnforcementLevel.DISABLED]
    assert "registry that is not allowed" in message
    allowed = [*DEFAULT, "registry.example.com/models"]
    own = {**policies, "image-registries": {"enforcementLevel": "mandatory", "allowed": allowed}}
    assert [it.message for it in findings(made, own) if it.level is not EnforcementLevel.DISABLED] == []


def test_policies_of_an_example_are_those_of_production_but_for_what_it_is_about() -> None:
    mirror = config_of("alauda")["label-studio:images"]["mirror"]
    chart = config_of("alauda")["label-studio:labelStudio"]["chart"]
    reference = f"{chart['source']}@{chart['version']}"
    admitted = policies_of("alauda")["release-checkable"]["admittedCharts"]
    assert list(admitted) == [reference]
    own = {
        "release-checkable": {"enforcementLevel": "mandatory", "admittedCharts": admitted},
        "image-registries": {"enforcementLevel": "mandatory", "allowed": [mirror]},
        "pods-restricted": {"enforcementLevel": "mandatory", "levels": ["restricted", "baseline"]},
    }
    assert policies_of("alauda") == {**load_config("prod"), **own}


def test_nothing_of_the_cloud_example_keeps_data_in_the_cluster() -> None:
    kinds = {resource.type.rpartition(":")[2] for resource in resources("cloud")}
    assert not kinds & {"StatefulSet", "PersistentVolumeClaim", "Cluster", "Tenant"}
