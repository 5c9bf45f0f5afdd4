"""The standalone PostgreSQL server: what is rendered, what is secret, what survives."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.connections import PostgresConnection, PostgresTls
from components.kubernetes.context import StackContext
from components.postgresql import PostgreSQL, StandalonePostgres
from components.postgresql.standalone import configuration
from components.settings.base import Resources, Storage
from components.settings.images import ImageSettings
from components.settings.services import ServerCertificate
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables, workloads
from tests.unit.pulumi_mocks import Program, resolve, run_program

STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
SECRET = "kubernetes:core/v1:Secret"
JOB = "kubernetes:batch/v1:Job"
TLS = ServerCertificate(secret_name="db-tls")


def standalone(**overrides: Any) -> StandalonePostgres:
    values: dict[str, Any] = {
        "backend": "standalone",
        "storage": Storage(size="2Gi"),
        "resources": Resources(cpu_request="100m", cpu_limit="1", memory="512Mi"),
    }
    return StandalonePostgres(**{**values, **overrides})


def context(**overrides: Any) -> StackContext:
    return StackContext(namespace=pulumi.Output.from_input("stack"), **overrides)


def deploy(preview: bool = False, of_stack: dict[str, Any] | None = None, **overrides: Any) -> Program:
    settings = standalone(**overrides)
    return run_program(lambda: PostgreSQL("db", settings, context(**(of_stack or {}))), preview=preview)


def connection(program: Program) -> PostgresConnection:
    component: PostgreSQL = program.result
    return component.connection


@pytest.mark.parametrize("preview", [False, True])
def test_every_child_belongs_to_the_component(preview: bool) -> None:
    program = deploy(preview)
    component = program.one("label-studio:postgresql:PostgreSQL")
    assert {r.parent for r in program if r is not component} == {component.urn}


@pytest.mark.parametrize("tls", [None, TLS])
def test_every_pod_is_restricted(tls: ServerCertificate | None) -> None:
    program = deploy(tls=tls)
    assert len(workloads(program)) == 2
    for workload in workloads(program):
        assert_restricted(pod_of(workload))
        assert_mounts_exist(pod_of(workload), ["data"] if workload.type == STATEFUL_SET else [])


def test_the_server_has_probes_and_keeps_its_volume() -> None:
    spec = deploy().one(STATEFUL_SET).inputs["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert "storageClassName" not in spec["volumeClaimTemplates"][0]["spec"]


def test_a_storage_class_is_passed_on() -> None:
    spec = deploy(storage=Storage(size="1Gi", storage_class="fast")).one(STATEFUL_SET).inputs["spec"]
    assert spec["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"


def test_data_is_protected_by_default() -> None:
    program = deploy()
    assert program.one(STATEFUL_SET).protect
    assert all(r.protect for r in program.all("random:index/randomPassword:RandomPassword"))
    assert all(r.protect and r.retain_on_delete for r in program.all(SECRET))


def test_a_throw_away_stack_leaves_nothing() -> None:
    program = deploy(of_stack={"protect": False})
    assert not any(r.protect or r.retain_on_delete for r in program)
    policy = program.one(STATEFUL_SET).inputs["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert policy["whenDeleted"] == "Delete"


def test_passwords_are_secret_and_nowhere_but_in_secrets() -> None:
    program = deploy()
    passwords = {r.inputs["stringData"]["password"] for r in program.all(SECRET)}
    assert len(passwords) == 2 and all(r.is_secret("stringData.password") for r in program.all(SECRET))
    others = [r for r in program if r.type != SECRET]
    assert not any(password in str(r.inputs) for r in others for password in passwords)
    for password in program.all("random:index/randomPassword:RandomPassword"):
        assert {"result", "bcryptHash"} <= password.additional_secret_outputs
        assert password.inputs["length"] == 32 and password.inputs["special"] is False
        assert "keepers" not in password.inputs


def test_label_studio_gets_the_owner_and_never_the_superuser() -> None:
    program = deploy()
    promised = connection(program)
    assert resolve(promised.host) == "db.stack.svc.cluster.local"
    assert (promised.user, resolve(promised.password.name), promised.password.key) == (
        "labelstudio",
        "db-owner",
        "password",
    )
    assert promised.tls is None


def test_tls_is_verified_against_the_ca_of_the_named_secret() -> None:
    program = deploy(tls=TLS)
    tls = connection(program).tls
    assert isinstance(tls, PostgresTls) and tls.ca is not None
    assert (tls.mode, tls.ca.name, tls.ca.key) == ("verify-full", "db-tls", "ca.crt")
    files = configuration(standalone(tls=TLS))
    assert "ssl = 'on'" in files["postgresql.conf"]
    assert "hostssl all all all scram-sha-256" in files["pg_hba.conf"]
    assert "\nhost all" not in files["pg_hba.conf"]


def test_the_certificate_may_be_one_of_the_same_program() -> None:
    program = deploy(tls=ServerCertificate(secret_name=pulumi.Output.from_input("made-tls")))
    volumes = {volume["name"]: volume for volume in pod_of(program.one(STATEFUL_SET))["volumes"]}
    assert volumes["tls"]["secret"]["secretName"] == "made-tls"
    tls = connection(program).tls
    assert tls is not None and tls.ca is not None and resolve(tls.ca.name) == "made-tls"


def test_server_and_job_run_the_image_of_the_stack() -> None:
    images = ImageSettings(postgresql="registry.example.com/postgres:17.12")
    program = deploy(of_stack={"images": images})
    pods = [pod_of(program.one(STATEFUL_SET)), pod_of(program.one(JOB))]
    assert {pod["containers"][0]["image"] for pod in pods} == {"registry.example.com/postgres:17.12"}


def test_only_the_initialisation_is_told_the_password_of_the_superuser() -> None:
    """The image's entrypoint leaves it in the environment of the server for as long as that runs."""
    pod = pod_of(deploy().one(STATEFUL_SET))
    (initdb,), (server,) = pod["initContainers"], pod["containers"]
    assert initdb["command"] == ["docker-ensure-initdb.sh"]
    assert variables(initdb)["POSTGRES_PASSWORD_FILE"] == "/etc/postgresql-superuser/password"
    assert server["command"][0] == "postgres" and "args" not in server
    assert variables(server).keys() == {"PGDATA"}
    assert variables(server)["PGDATA"] == variables(initdb)["PGDATA"]


def test_queries_are_not_compiled_unless_somebody_asks_for_it() -> None:
    assert "jit = 'off'\n" in configuration(standalone())["postgresql.conf"]
    text = configuration(standalone(parameters={"jit": "on"}))["postgresql.conf"]
    assert "jit = 'on'\n" in text and "off" not in text


def test_no_rule_lets_anybody_in_without_a_password() -> None:
    for tls in (None, TLS):
        rules = configuration(standalone(tls=tls))["pg_hba.conf"].splitlines()
        assert rules and all(rule.endswith(" scram-sha-256") for rule in rules)


def test_values_of_parameters_cannot_end_their_line() -> None:
    text = configuration(standalone(parameters={"log_line_prefix": "it's\\"}))["postgresql.conf"]
    assert "log_line_prefix = 'it''s\\\\'\n" in text


def test_another_parameter_restarts_the_server() -> None:
    def annotations(program: Program) -> Any:
        return program.one(STATEFUL_SET).inputs["spec"]["template"]["metadata"]["annotations"]

    assert annotations(deploy()) == annotations(deploy())
    assert annotations(deploy()) != annotations(deploy(parameters={"max_connections": "50"}))


def test_the_job_makes_the_database_as_superuser_after_the_server() -> None:
    program = deploy()
    job = program.one(JOB)
    environment = variables(pod_of(job)["containers"][0])
    assert environment["ADMIN"] == "postgres"
    assert environment["ADMIN_PASSWORD"] == ("db-superuser", "password")
    assert environment["LOGIN_PASSWORD"] == ("db-owner", "password")
    assert environment["PGHOST"] == "db.stack.svc.cluster.local"
    assert environment["PGSSLMODE"] == "disable"
    assert program.one(STATEFUL_SET).urn in job.dependencies


def test_the_job_runs_again_only_when_something_changed() -> None:
    name = deploy().one(JOB).object_name
    assert name == deploy().one(JOB).object_name
    assert len({name, deploy(database="other").one(JOB).object_name, deploy(tls=TLS).one(JOB).object_name}) == 3


def test_only_clients_reach_the_server_and_only_on_its_port() -> None:
    policy = deploy().one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "db").inputs["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []
    clients = {"podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "label-studio"}}}
    assert policy["ingress"] == [{"from": [clients], "ports": [{"protocol": "TCP", "port": 5432}]}]


def test_network_policies_can_be_left_out() -> None:
    assert not deploy(of_stack={"network_policies": False}).all("kubernetes:networking.k8s.io/v1:NetworkPolicy")


def test_two_servers_do_not_clash() -> None:
    def program() -> None:
        PostgreSQL("one", standalone(), context())
        PostgreSQL("two", standalone(), context())

    resources = [r for r in run_program(program) if "metadata" in r.inputs]
    objects = [(r.type, r.object_name) for r in resources]
    assert len(objects) == len(set(objects)) == 20
    selectors = [r.inputs["spec"]["selector"]["matchLabels"] for r in resources if r.type == STATEFUL_SET]
    assert selectors[0] != selectors[1]


def test_policies_see_the_intent_and_no_secret() -> None:
    component = deploy(tls=TLS).one("label-studio:postgresql:PostgreSQL")
    assert component.inputs["backend"] == "standalone"
    assert component.inputs["protect"] is True
    assert component.inputs["version"] == 17
    assert component.inputs["tls"] == {"secretName": "db-tls"}
