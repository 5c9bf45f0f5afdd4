"""The cluster of the Zalando operator, upstream and of Alauda Data Services."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.connections import PostgresTls, SecretKey
from components.kubernetes.context import StackContext
from components.postgresql import PostgreSQL, ZalandoPostgres
from components.settings.base import Resources, Scheduling, Storage, Toleration
from components.settings.services import ServerCertificate
from tests.unit.operated_checks import expected
from tests.unit.pod_checks import assert_restricted, pod_of, variables
from tests.unit.pulumi_mocks import Program, resolve, run_program

CLUSTER = "kubernetes:acid.zalan.do/v1:postgresql"
JOB = "kubernetes:batch/v1:Job"
RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
ONLY_ALAUDA = {
    "restrictedPsaEnabled",
    "spiloPrivileged",
    "spiloAllowPrivilegeEscalation",
    "spiloRunAsUser",
    "spiloRunAsGroup",
}


def deploy(**overrides: Any) -> Program:
    values: dict[str, Any] = {
        "backend": "zalando",
        "storage": Storage(size="20Gi"),
        "resources": Resources(cpu_request="1", cpu_limit="2", memory="1Gi"),
    }
    settings = ZalandoPostgres(**{**values, **overrides})

    def program() -> PostgreSQL:
        return PostgreSQL("db", settings, StackContext(namespace=pulumi.Output.from_input("stack")))

    return run_program(program)


def test_the_fields_that_both_operators_know() -> None:
    cluster = deploy(parameters={"max_connections": "100"}).one(CLUSTER)
    assert cluster.object_name == "acid-db"
    assert cluster.inputs["spec"] == {
        "teamId": "acid",
        "numberOfInstances": 2,
        "postgresql": {"version": "17", "parameters": {"jit": "off", "max_connections": "100"}},
        "volume": {"size": "20Gi"},
        "resources": RESOURCES,
        "users": {"labelstudio": []},
        "databases": {"labelstudio": "labelstudio"},
    }


def test_upstream_never_sees_fields_of_data_services() -> None:
    assert not ONLY_ALAUDA & deploy().one(CLUSTER).inputs["spec"].keys()


def test_data_services_get_all_five_fields_for_restricted_pods() -> None:
    spec = deploy(flavor="alauda").one(CLUSTER).inputs["spec"]
    assert {key: spec[key] for key in ONLY_ALAUDA} == {
        "restrictedPsaEnabled": True,
        "spiloPrivileged": False,
        "spiloAllowPrivilegeEscalation": False,
        "spiloRunAsUser": 101,
        "spiloRunAsGroup": 103,
    }


@pytest.mark.parametrize(
    ("template", "user", "name"),
    [
        (
            "{username}.{cluster}.credentials.{tprkind}.{tprgroup}",
            "label_studio",
            "label-studio.acid-db.credentials.postgresql.acid.zalan.do",
        ),
        ("{cluster}-{username}", "ls", "acid-db-ls"),
    ],
)
def test_the_secret_is_the_one_that_the_operator_makes(template: str, user: str, name: str) -> None:
    connection = deploy(secret_name_template=template, user=user).result.connection
    assert connection.password == SecretKey(name, "password")


def test_the_connection_is_encrypted_and_with_a_certificate_verified() -> None:
    assert deploy().result.connection.tls == PostgresTls("require")
    program = deploy(tls=ServerCertificate(secret_name="db-tls"))
    assert program.result.connection.tls == PostgresTls("verify-full", SecretKey("db-tls", "ca.crt"))
    spec = program.one(CLUSTER).inputs["spec"]
    assert spec["tls"] == {"secretName": "db-tls", "caFile": "ca.crt"}
    assert spec["spiloFSGroup"] == 103
    assert resolve(program.result.connection.host) == "acid-db.stack.svc.cluster.local"


def test_a_job_of_the_owner_makes_the_extensions_once_the_cluster_runs() -> None:
    program = deploy()
    cluster, rollout, job = program.one(CLUSTER), program.one(JOB, "db-rollout"), program.one(JOB, "db-setup")
    assert cluster.urn in rollout.dependencies and rollout.urn in job.dependencies
    assert "annotations" not in cluster.inputs["metadata"], "the status is that of the time before, at first"
    waited_for = expected(rollout)
    assert waited_for["status"] == {"PostgresClusterStatus": "Running"}
    assert waited_for["stateful_sets"] == ["acid-db"]
    assert (waited_for["version"], waited_for["version_variable"]) == ("17", "PGVERSION")
    assert_restricted(pod_of(job))
    environment = variables(pod_of(job)["containers"][0])
    assert "ADMIN" not in environment
    assert environment["LOGIN_PASSWORD"][1] == "password"
    assert environment["PGSSLMODE"] == "require"
    # The operator starts the servers of a new version on the data of the old one.
    assert environment["MAJOR_VERSION"] == "17"


def test_nodes_are_chosen_in_the_words_of_the_operator() -> None:
    tolerations = (Toleration(key="db", operator="Exists"),)
    scheduling = Scheduling(node_selector={"disk": "ssd"}, tolerations=tolerations)
    spec = deploy(scheduling=scheduling).one(CLUSTER).inputs["spec"]
    terms = spec["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]
    assert spec["tolerations"] == [{"key": "db", "operator": "Exists"}]


def test_the_cluster_is_protected() -> None:
    cluster = deploy().one(CLUSTER)
    assert cluster.protect and cluster.retain_on_delete
