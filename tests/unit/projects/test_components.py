"""What the components of declared projects register: keys, jobs, schedules, and no secret outside of Secrets."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.annotation_project.job import REFUSED
from components.annotation_project.scripts import FILES
from components.kubernetes.setup_job import RETRY
from components.stack.compose import compose
from components.stack.settings import Settings
from policies.checks.secret_texts import in_text
from tests.unit.projects.test_settings import CREDENTIALS, LABELLING
from tests.unit.pulumi_mocks import Program, RegisteredResource, resolve, run_program

JOB = "kubernetes:batch/v1:Job"
CRON = "kubernetes:batch/v1:CronJob"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
COMPONENT = "label-studio:annotation_project:AnnotationProject"
STACK_FILE = Path(__file__).parents[3] / "Pulumi.dev.yaml"
PAGE = "http://127.0.0.1:30080"
ENDPOINT = "https://s3.example.com:8443"
CATS = {"name": "cats", "labelConfig": LABELLING}
DOGS = {"name": "dogs", "labelConfig": LABELLING, "schedule": "*/15 * * * *", "target": {"canDeleteObjects": True}}


def settings(*projects: dict[str, Any], **keys: Any) -> Settings:
    config = yaml.safe_load(STACK_FILE.read_text())["config"]
    given = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("label-studio:")}
    given["labelStudio"] |= {"url": PAGE}
    return Settings.model_validate({**given, "projects": projects, **keys})


def deployed(*projects: dict[str, Any], **keys: Any) -> Program:
    return run_program(lambda: compose(settings(*projects, **keys)).outputs()["projects"])


@cache
def cats() -> Program:
    return deployed(CATS)


@cache
def cats_and_dogs() -> Program:
    return deployed(CATS, DOGS)


def declared(program: Program, name: str) -> dict[str, Any]:
    config = program.one(CONFIG_MAP, f"label-studio-{name}")
    value: dict[str, Any] = json.loads(config.inputs["data"]["declaration.json"])
    return value


def pod(job: RegisteredResource) -> dict[str, Any]:
    spec = job.inputs["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    value: dict[str, Any] = template["spec"]
    return value


def secret_variables(job: RegisteredResource) -> dict[str, str]:
    variables = pod(job)["containers"][0]["env"]
    return {it["name"]: it["valueFrom"]["secretKeyRef"]["name"] for it in variables if "valueFrom" in it}


def test_without_projects_there_is_nothing_of_them() -> None:
    program = deployed()
    assert not [it for it in program if "annotation_project" in it.type]
    assert program.result == {}


def test_declaration_has_what_label_studio_wants_to_know() -> None:
    assert declared(cats(), "cats") == {
        "name": "cats",
        "title": "cats",
        "description": "",
        "label_config": LABELLING.strip(),
        "page": PAGE,
        "storages": {
            "source": {
                "title": "cats: source",
                "place": {
                    "bucket": "label-studio-projects",
                    "prefix": "cats/input/",
                    "region": "us-east-1",
                    "endpoint": "http://label-studio-store.label-studio.svc.cluster.local:9000",
                    "ca": None,
                },
                "options": {
                    "regex_filter": None,
                    "use_blob_urls": True,
                    "recursive_scan": True,
                    # A browser cannot reach a Service.
                    "presign": False,
                    "presign_ttl": 15,
                },
            },
            "target": {
                "title": "cats: target",
                "place": {
                    "bucket": "label-studio-projects",
                    "prefix": "cats/output/",
                    "region": "us-east-1",
                    "endpoint": "http://label-studio-store.label-studio.svc.cluster.local:9000",
                    "ca": None,
                },
                "options": {"aws_sse_kms_key_id": None, "can_delete_objects": False},
            },
        },
        "webhooks": [],
    }


def test_each_purpose_has_its_own_key() -> None:
    program = cats()
    job = program.one(JOB, "label-studio-cats")
    assert secret_variables(job) == {
        "ACCOUNT_EMAIL": "label-studio-projects",
        "ACCOUNT_PASSWORD": "label-studio-projects",
        "SOURCE_ACCESS_KEY_ID": "label-studio-store-cats-source",
        "SOURCE_SECRET_ACCESS_KEY": "label-studio-store-cats-source",
        "TARGET_ACCESS_KEY_ID": "label-studio-store-cats-target",
        "TARGET_SECRET_ACCESS_KEY": "label-studio-store-cats-target",
        "UPLOAD_ACCESS_KEY_ID": "label-studio-store-cats-upload",
        "UPLOAD_SECRET_ACCESS_KEY": "label-studio-store-cats-upload",
    }


@pytest.mark.parametrize(
    ("grant", "allowed"),
    [
        ("cats-upload", {"ListBucket", "PutObject", "DeleteObject"}),
        ("cats-source", {"ListBucket", "GetObject"}),
        ("cats-target", {"ListBucket", "PutObject"}),
        ("cats-export", {"ListBucket", "GetObject"}),
        ("dogs-target", {"ListBucket", "PutObject", "DeleteObject"}),
    ],
)
def test_keys_may_do_no_more_than_they_need(grant: str, allowed: set[str]) -> None:
    project, _, role = grant.partition("-")
    job = cats_and_dogs().one(JOB, f"label-studio-store-{project}-setup")
    variables = {it["name"]: it.get("value") for it in pod(job)["containers"][0]["env"]}
    names = {value: name for name, value in variables.items() if name.startswith("POLICY_NAME_")}
    number = names[f"label-studio-store-{grant}"].removeprefix("POLICY_NAME_")
    policy = json.loads(variables[f"POLICY_{number}"])
    allowing = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    actions = {action.removeprefix("s3:") for statement in allowing for action in statement["Action"]}
    assert actions - {"GetBucketLocation", "AbortMultipartUpload", "ListMultipartUploadParts"} == allowed
    assert variables[f"PREFIX_{number}"] == f"{project}/{'input' if role in {'upload', 'source'} else 'output'}/"


def test_only_the_job_that_makes_the_account_knows_the_administrator() -> None:
    program = cats()
    knowing = {job.name for job in program.all(JOB) if "ADMINISTRATOR_PASSWORD" in secret_variables(job)}
    assert knowing == {"label-studio-projects"}


def test_jobs_are_restricted_and_refusals_final() -> None:
    program = cats()
    job = program.one(JOB, "label-studio-cats")
    assert job.inputs["metadata"]["annotations"]["pulumi.com/replaceUnready"] == "true"
    assert job.inputs["spec"]["backoffLimit"] == 0
    spec = pod(job)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    container = spec["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["resources"]["limits"]["memory"]
    assert container["command"] == ["sh", "-c", RETRY, "setup", "exec python3 -m job.apply apply", str(REFUSED)]


def test_jobs_get_the_whole_package() -> None:
    program = cats()
    config = program.one(CONFIG_MAP, "label-studio-cats").inputs["data"]
    assert set(config) == {*FILES, "declaration.json"}
    volume = next(it for it in pod(program.one(JOB, "label-studio-cats"))["volumes"] if it["name"] == "scripts")
    paths = {it["path"] for it in volume["configMap"]["items"]}
    assert paths == {"declaration.json", *(f"job/{name}" for name in FILES)}


def test_nothing_in_config_maps_looks_like_a_secret() -> None:
    """The policy no-plaintext-secrets reads the scripts as it reads any configuration."""
    data = cats().one(CONFIG_MAP, "label-studio-cats").inputs["data"]
    assert {name: list(in_text(text)) for name, text in data.items()} == {name: [] for name in data}


def test_a_changed_declaration_runs_its_job_again_and_no_other() -> None:
    before = {job.name: job.object_name for job in cats_and_dogs().all(JOB)}
    after = {job.name: job.object_name for job in deployed({**CATS, "title": "All cats"}, DOGS).all(JOB)}
    assert {name for name in before if before[name] != after[name]} == {"label-studio-cats"}


def test_another_project_changes_nothing_of_the_first() -> None:
    # The store's own objects know of all keys: which there are, and which are to stay.
    of_all = ("label-studio:object_store:ObjectStore", "label-studio-store-retirement")
    before = {it.urn: it.inputs for it in cats() if not {it.type, it.name} & {*of_all}}
    after = {it.urn: it.inputs for it in cats_and_dogs()}
    assert {urn for urn in before if before[urn] != after[urn]} == set()


def test_a_project_is_twelve_objects_and_the_component_that_has_them() -> None:
    before = {it.urn for it in cats()}
    of_dogs = [it for it in cats_and_dogs() if it.urn not in before]
    assert len([it for it in of_dogs if it.custom]) == 12
    assert [it.type for it in of_dogs if not it.custom] == [COMPONENT]


def test_a_key_for_snapshots_is_made_only_where_the_bucket_keeps_versions() -> None:
    """Two objects more: a Secret of its own keeps it from those who may read the other keys."""
    before = {it.urn for it in cats_and_dogs()}
    added = [it for it in versioned() if it.urn not in before]
    assert {(it.type.rpartition(":")[2], it.name) for it in added} == {
        (kind, f"label-studio-store-{name}-snapshots")
        for kind in ("RandomPassword", "Secret")
        for name in ("cats", "dogs")
    }


@cache
def versioned() -> Program:
    return deployed(CATS, DOGS, objectStore={"backend": "standalone", "versioning": True})


def test_the_key_for_snapshots_reads_versions_of_the_data_and_writes_snapshots_alone() -> None:
    assert policy_of(versioned(), "cats-snapshots") == [
        (["GetBucketLocation", "GetBucketVersioning"], ""),
        (["ListBucketVersions"], ""),
        (["GetObjectVersion", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"], "/snapshots/cats/*"),
        (["GetBucketLocation", "GetBucketVersioning"], ""),
        (["ListBucketVersions"], ""),
        (["GetObjectVersion"], "/cats/input/*"),
    ]


def policy_of(program: Program, grant: str) -> list[tuple[list[str], str]]:
    job = program.one(JOB, f"label-studio-store-{grant.partition('-')[0]}-setup")
    variables = {it["name"]: it.get("value") for it in pod(job)["containers"][0]["env"]}
    [name] = [name for name, value in variables.items() if value == f"label-studio-store-{grant}"]
    policy = json.loads(variables[name.replace("POLICY_NAME", "POLICY")])
    return [
        (
            [action.removeprefix("s3:") for action in each["Action"]],
            each["Resource"][0].removeprefix("arn:aws:s3:::label-studio-projects"),
        )
        for each in policy["Statement"]
        if each["Effect"] == "Allow"
    ]


def test_outputs_say_where_snapshots_are() -> None:
    assert "snapshots" not in cats().result["cats"]
    output = versioned().result["cats"]
    assert (output["snapshots"]["bucket"], output["snapshots"]["prefix"]) == (
        "label-studio-projects",
        "snapshots/cats/",
    )
    assert output["versions"] == {**output["snapshots"], "prefix": "cats/input/"}
    own = {"bucket": "raw", "endpoint": ENDPOINT, "addresses": ["10.9.0.0/24"], "credentials": CREDENTIALS}
    store = {"backend": "standalone", "versioning": True}
    output = deployed({**CATS, "source": own}, objectStore=store).result["cats"]
    assert output["versions"] == output["data"], "the stack has no other key to that account"
    assert "snapshots" not in deployed({**CATS, "target": None}, objectStore=store).result["cats"]


def test_an_external_store_has_snapshots_in_its_own_bucket_whatever_its_name_will_be() -> None:
    """No objects more: keys of such a store are made elsewhere."""
    store = {"backend": "external", "region": "eu-west-1", "addresses": ["internet"], "check": False}
    bucket = pulumi.Output.from_input("known-later")
    output = deployed({**CATS, "bucket": "data"}, objectStore={**store, "bucket": bucket}).result["cats"]
    snapshots = output["snapshots"]
    assert (resolve(snapshots["bucket"]), snapshots["prefix"]) == ("known-later", "snapshots/cats/")
    assert (output["versions"]["bucket"], output["versions"]["prefix"]) == ("data", "cats/input/")


def test_schedule_is_a_cron_job_that_otherwise_waits_for_somebody_to_run_it() -> None:
    program = cats_and_dogs()
    by_hand = program.one(CRON, "label-studio-cats-sync")
    scheduled = program.one(CRON, "label-studio-dogs-sync")
    assert by_hand.inputs["spec"]["suspend"] is True
    assert (scheduled.inputs["spec"]["suspend"], scheduled.inputs["spec"]["schedule"]) == (False, "*/15 * * * *")
    assert scheduled.inputs["spec"]["concurrencyPolicy"] == "Forbid"
    assert pod(scheduled)["containers"][0]["command"][-2:] == ["exec python3 -m job.apply sync source", str(REFUSED)]


def test_jobs_may_reach_the_page_and_the_store_only() -> None:
    assert not [policy for policy in cats().all(POLICY) if policy.name == "label-studio-cats-storages"]
    jobs = cats().one(POLICY, "label-studio-projects-jobs").inputs["spec"]
    assert jobs["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "annotation-project"}}
    egress = jobs["egress"]
    store = {"app.kubernetes.io/name": "object-store", "app.kubernetes.io/instance": "label-studio-store"}
    assert egress == [
        {
            "to": [{"podSelector": {"matchLabels": {**store, "app.kubernetes.io/component": "object-store"}}}],
            "ports": [{"protocol": "TCP", "port": 9000}],
        },
        {
            "to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "ls-app"}}}],
            "ports": [{"protocol": "TCP", "port": 8085}],
        },
    ]


def test_an_s3_account_of_its_own_works_like_the_object_store() -> None:
    own = {
        "bucket": "raw",
        "endpoint": ENDPOINT,
        "addresses": ["10.9.0.0/24"],
        "region": "eu-west-1",
        "credentials": CREDENTIALS,
    }
    program = deployed({**CATS, "source": own})
    source = declared(program, "cats")["storages"]["source"]
    assert source["place"] == {
        "bucket": "raw",
        "prefix": "",
        "region": "eu-west-1",
        "endpoint": ENDPOINT,
        "ca": None,
    }
    assert source["options"]["presign"] is True
    variables = secret_variables(program.one(JOB, "label-studio-cats"))
    assert variables["SOURCE_ACCESS_KEY_ID"] == variables["UPLOAD_ACCESS_KEY_ID"] == "s3"
    made = program.one(JOB, "label-studio-store-cats-setup")
    assert not [it for it in pod(made)["containers"][0]["env"] if "cats-source" in str(it)]
    egress = program.one(POLICY, "label-studio-cats").inputs["spec"]["egress"]
    outside = {"to": [{"ipBlock": {"cidr": "10.9.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 8443}]}
    assert outside in egress
    label_studio = program.one(POLICY, "label-studio-cats-storages").inputs["spec"]
    assert label_studio["podSelector"] == {"matchLabels": {"app.kubernetes.io/instance": "label-studio"}}
    assert label_studio["egress"] == [outside]


def test_account_is_ready_before_projects_and_after_label_studio() -> None:
    program = cats()
    release = program.one("kubernetes:helm.sh/v3:Release")
    account = program.one(JOB, "label-studio-projects")
    project = program.one(JOB, "label-studio-cats")
    assert release.urn in transitive(program, account)
    assert account.urn in transitive(program, project)


def transitive(program: Program, resource: RegisteredResource) -> set[str]:
    by_urn = {it.urn: it for it in program}
    found: set[str] = set()
    waiting = [resource.urn]
    while waiting:
        for urn in by_urn[waiting.pop()].dependencies - found:
            found.add(urn)
            waiting += [urn] if urn in by_urn else []
    return found


def test_outputs_say_where_people_upload_and_export() -> None:
    output = cats().result["cats"]
    assert output["syncJob"] is not None
    assert output["upload"]["prefix"] == "cats/input/"
    assert output["export"]["bucket"] == "label-studio-projects"
    assert output["data"]["prefix"] == "cats/input/"
    assert output["data"].keys() == output["upload"].keys()
    assert {key: reference["key"] for key, reference in output["account"].items()} == {
        "email": "email",
        "password": "password",
    }
