"""Scheduled exports: refused before anything is applied, and made with the least that each needs."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from cli.__main__ import _last_export
from cli.cluster import JobResults
from cli.export import FORMATS
from components.annotation_project.export_settings import Format
from components.annotation_project.job import REFUSED
from components.annotation_project.project_names import FORMATS as FORMATS_IN_NAMES
from components.annotation_project.scripts import CONVERTER, FILES
from policies.checks.secret_texts import in_text
from tests.unit.projects.test_components import (
    CATS,
    CONFIG_MAP,
    CRON,
    DOGS,
    POLICY,
    cats_and_dogs,
    declared,
    deployed,
    pod,
    policy_of,
    secret_variables,
    settings,
)
from tests.unit.projects.test_settings import CREDENTIALS, project
from tests.unit.pulumi_mocks import Program, resolve

COCO = {"format": "COCO", "schedule": "0 2 * * *"}
YOLO = {"format": "YOLO", "schedule": "@weekly", "withData": True, "keep": 3, "scratchSize": "8Gi"}
INSIDE = {"url": "http://receiver.training.svc.cluster.local/", "actions": ["EXPORT_DONE"]}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"exports": [{**COCO, "format": "coco"}]}, "Input should be 'COCO', 'YOLO'"),
        ({"exports": [{**COCO, "schedule": "at night"}]}, "must be five cron fields"),
        ({"exports": [{**COCO, "keep": 0}]}, "greater than or equal to 1"),
        ({"exports": [{"format": "COCO"}]}, "Field required"),
        ({"exports": [COCO, {**COCO, "keep": 2}]}, "exports has a format twice with the same withData"),
        ({"exports": [COCO], "target": None}, "exports need a target"),
    ],
)
def test_refuses(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        project(**keys)
    assert message in str(refusal.value)


def test_archives_and_storages_are_kept_apart() -> None:
    with pytest.raises(ValidationError, match="overlaps exports/cats/, the place of exports; write another prefix"):
        settings({**CATS, "exports": [COCO]}, {**DOGS, "source": {"prefix": "exports/"}})
    settings(CATS, {**DOGS, "source": {"prefix": "exports/"}})


def test_formats_are_those_of_the_command() -> None:
    assert get_args(Format) == FORMATS
    assert [name.lower().replace("_", "-") for name in FORMATS] == [*FORMATS_IN_NAMES]


@pytest.mark.parametrize("name", ["cats-export-coco", "cats-export-json-min-with-data", "cats-webhooks"])
def test_names_of_their_objects_are_taken(name: str) -> None:
    with pytest.raises(ValidationError, match=r"is the name of another part of projects\[0\]"):
        settings(CATS, {**DOGS, "name": name})


@cache
def exporting() -> Program:
    return deployed({**CATS, "exports": [COCO, YOLO], "webhooks": [INSIDE]}, DOGS)


def test_the_first_export_is_three_objects_and_each_further_one_a_cron_job() -> None:
    before = {it.urn for it in cats_and_dogs()}
    one = deployed({**CATS, "exports": [COCO]}, DOGS)
    added = [(it.type.rpartition(":")[2], it.name) for it in one if it.urn not in before]
    assert sorted(added) == [
        ("CronJob", "label-studio-cats-export-coco"),
        ("RandomPassword", "label-studio-store-cats-archives"),
        ("Secret", "label-studio-store-cats-archives"),
    ]
    two = deployed({**CATS, "exports": [COCO, YOLO]}, DOGS)
    assert len([*two]) == len([*one]) + 1


def test_the_key_of_archives_can_read_nothing() -> None:
    assert policy_of(exporting(), "cats-archives") == [
        (["GetBucketLocation"], ""),
        (["ListBucket"], ""),
        (["PutObject", "AbortMultipartUpload", "ListMultipartUploadParts", "DeleteObject"], "/exports/cats/*"),
    ]


def test_a_cron_job_has_the_keys_that_it_needs_and_no_account() -> None:
    job = exporting().one(CRON, "label-studio-cats-export-coco")
    variables = secret_variables(job)
    assert {secret.rpartition("-")[2] for secret in variables.values()} == {"export", "source", "archives"}
    assert job.inputs["spec"]["schedule"] == "0 2 * * *"
    assert job.inputs["spec"]["concurrencyPolicy"] == "Forbid"
    assert job.inputs["spec"]["suspend"] is False
    spec = pod(job)
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["containers"][0]["resources"]["limits"]["memory"] == "512Mi"


def test_settings_become_arguments() -> None:
    job = exporting().one(CRON, "label-studio-cats-export-yolo-with-data")
    command = "exec python3 -m job.export YOLO --with-data --keep 3 --folder /export"
    assert pod(job)["containers"][0]["command"][-2:] == [command, str(REFUSED)]
    [scratch] = [it for it in pod(job)["volumes"] if it["name"] == "export"]
    assert scratch["emptyDir"]["sizeLimit"] == "8Gi"


def test_exports_reach_who_wants_to_hear_of_them() -> None:
    policy = exporting().one(POLICY, "label-studio-cats-export-coco").inputs["spec"]
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "label-studio-cats-export-coco"
    [egress] = policy["egress"]
    assert egress["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "training"}}}]
    # Label Studio itself sends nothing there.
    assert not [it for it in exporting().all(POLICY) if it.name == "label-studio-cats-webhooks"]


def test_annotations_of_another_account_are_archived_in_the_stack_s_own_bucket() -> None:
    own = {"bucket": "labels", "endpoint": "https://s3.example.com", "addresses": ["10.9.0.0/24"]}
    program = deployed({**CATS, "exports": [COCO], "target": {**own, "credentials": CREDENTIALS}})
    assert declared(program, "cats")["archives"]["bucket"] == "label-studio-projects"
    job = program.one(CRON, "label-studio-cats-export-coco")
    assert secret_variables(job)["EXPORT_ACCESS_KEY_ID"] == "s3"
    egress = program.one(POLICY, "label-studio-cats-export-coco").inputs["spec"]["egress"]
    assert egress[0]["to"] == [{"ipBlock": {"cidr": "10.9.0.0/24"}}]


def test_the_converter_is_mounted_where_somebody_exports_and_has_no_secret() -> None:
    data = exporting().one(CONFIG_MAP, "label-studio-cats").inputs["data"]
    assert set(data) == {*FILES, *CONVERTER, "declaration.json"}
    assert {name: list(in_text(text)) for name, text in data.items()} == {name: [] for name in data}
    assert set(exporting().one(CONFIG_MAP, "label-studio-dogs").inputs["data"]) == {*FILES, "declaration.json"}


def test_what_is_mounted_needs_nothing_else_of_this_project(tmp_path: Path) -> None:
    for name, text in CONVERTER.items():
        file = tmp_path / name.replace("-", "/", 1)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    modules = ", ".join(
        f"cli.{name.removeprefix('cli-').removesuffix('.py')}" for name in CONVERTER if "__" not in name
    )
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {modules}; print(cli.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(tmp_path))


def test_outputs_name_the_cron_jobs() -> None:
    jobs = exporting().result["cats"]["exportJobs"]
    assert {title: resolve(name) for title, name in jobs.items()} == {
        "COCO": "label-studio-cats-export-coco",
        "YOLO-with-data": "label-studio-cats-export-yolo-with-data",
    }
    assert "exportJobs" not in exporting().result["dogs"]


def test_the_last_export_is_told() -> None:
    assert _last_export(JobResults()) == "no export has ended yet"
    written = {"format": "COCO", "annotations": 3, "object": "s3://b/exports/cats/COCO/x.zip"}
    assert _last_export(JobResults(written)) == "3 annotations, s3://b/exports/cats/COCO/x.zip"
    assert _last_export(JobResults(written, "project cats: no")) == "failed: project cats: no"
