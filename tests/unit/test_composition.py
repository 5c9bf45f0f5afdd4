"""Whole stacks on mocks: who is told what, what waits for what, and that two of them fit into one program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.stack.compose import SuppliedValues, compose
from components.stack.outputs import StackResult
from tests.unit.pulumi_mocks import Program, run_program
from tests.unit.stack_files import settings_of

RELEASE = "kubernetes:helm.sh/v3:Release"
BACKENDS: list[dict[str, Any]] = [
    {"redis": {"backend": "none", "resources": None}},
    {
        "objectStore": {
            "backend": "external",
            "region": "eu-west-1",
            "addresses": "internet",
            "bucket": "uploads",
            "storage": None,
            "resources": None,
        }
    },
    {
        "postgresql": {
            "backend": "external",
            "host": "postgres.example.com",
            "addresses": ["10.0.0.7"],
            "password": {"secretName": "postgres"},
            "tls": {"mode": "require"},
            "storage": None,
            "resources": None,
        }
    },
    {
        "cluster": {"podSecurity": "baseline"},
        "postgresql": {"backend": "zalando", "flavor": "alauda"},
        "redis": {"backend": "alauda", "storage": {"size": "2Gi"}},
    },
]


def composed(stack: str, settings: Mapping[str, Any] | None = None, *, preview: bool = False) -> Program:
    return run_program(lambda: compose(settings_of(stack, settings)), preview=preview, stack=stack)


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_committed_stacks_compose(stack: str, preview: bool) -> None:
    program = composed(stack, preview=preview)
    assert len(program.all(RELEASE)) == 1
    assert (
        program.one("label-studio:postgresql:PostgreSQL").inputs["backend"]
        == {"dev": "standalone", "prod": "cnpg"}[stack]
    )


@pytest.mark.parametrize(
    "settings",
    BACKENDS,
    ids=lambda settings: "+".join(f"{k}={v['backend']}" for k, v in settings.items() if "backend" in v),
)
def test_every_other_backend_composes(settings: dict[str, Any]) -> None:
    program = composed("dev", settings)
    workers = [resource for resource in program.all("kubernetes:apps/v1:Deployment") if "worker" in resource.name]
    assert bool(workers) == (settings.get("redis", {}).get("backend") != "none")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_everything_has_a_parent_a_namespace_and_an_explicit_provider(stack: str) -> None:
    for resource in composed(stack):
        if resource.type.startswith(("pulumi:", "label-studio:")):
            continue
        assert "label-studio:" in resource.parent, f"{resource.name} has no component as its parent"
        assert resource.provider, f"{resource.name} uses a default provider"
        if resource.type.startswith("kubernetes:") and resource.type not in {RELEASE, "kubernetes:core/v1:Namespace"}:
            assert resource.inputs["metadata"].get("namespace"), f"{resource.name} is in no namespace"


def test_prod_protects_data_and_dev_does_not() -> None:
    assert composed("prod").one("kubernetes:core/v1:Namespace").protect
    protected = {resource.type for resource in composed("prod") if resource.protect}
    assert {"kubernetes:postgresql.cnpg.io/v1:Cluster", "kubernetes:apps/v1:StatefulSet"} <= protected
    assert not any(resource.protect for resource in composed("dev"))


def test_a_restored_stack_reads_where_the_settings_say() -> None:
    key = {"accessKeyId": {"secretName": "reader", "secretKey": "id"}, "secretAccessKey": {"secretName": "reader"}}
    restore = {
        "destinationPath": "s3://backups/",
        "addresses": "internet",
        "credentials": key,
        "targetTime": "2026-01-23T04:15:00Z",
    }
    program = composed("prod", {"postgresql": {"restore": restore}})
    [store] = program.all("kubernetes:barmancloud.cnpg.io/v1:ObjectStore")
    credentials = {
        "accessKeyId": {"name": "reader", "key": "id"},
        "secretAccessKey": {"name": "reader", "key": "password"},
    }
    configuration = {"destinationPath": "s3://backups", "s3Credentials": credentials}
    assert store.object_name == "label-studio-postgresql-restore"
    assert store.inputs["spec"]["configuration"] == configuration
    recovery = program.one("kubernetes:postgresql.cnpg.io/v1:Cluster").inputs["spec"]["bootstrap"]["recovery"]
    assert recovery["recoveryTarget"] == {"targetTime": "2026-01-23 04:15:00.000000+00"}


def test_label_studio_waits_for_its_backing_services() -> None:
    program = composed("dev")
    waits_for = " ".join(program.one(RELEASE).dependencies)
    for part in ("PostgreSQL", "Redis", "ObjectStore"):
        assert part in waits_for, f"the release does not wait for {part}"


def test_two_stacks_fit_into_one_program() -> None:
    def program() -> None:
        compose(settings_of("dev"), name="first")
        compose(settings_of("dev", {"cluster": {"namespace": "second"}}), name="second")

    urns = [resource.urn for resource in run_program(program)]
    assert len(urns) == len(set(urns))


def test_outputs_have_no_secret_but_the_password() -> None:
    def program() -> pulumi.Output[Any]:
        parts: StackResult = compose(settings_of("dev"))
        outputs = parts.outputs()
        secret = {name: pulumi.Output.from_input(value).is_secret() for name, value in outputs.items()}
        return pulumi.Output.all(**secret)

    secrecy = run_program(program).result
    assert {name for name, secret in secrecy.items() if secret} == {"administratorPassword"}


def test_supplied_secrets_become_secrets_of_the_namespace() -> None:
    def program() -> None:
        values = pulumi.Output.secret({"tls": {"tls.key": "hunter2"}})
        compose(settings_of("dev"), SuppliedValues(["tls"], values))

    [secret] = [each for each in run_program(program).all("kubernetes:core/v1:Secret") if each.object_name == "tls"]
    assert secret.inputs["stringData"] == {"tls.key": "hunter2"}
    assert secret.is_secret("stringData")
