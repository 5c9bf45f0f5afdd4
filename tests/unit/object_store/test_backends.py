"""The object store by every backend: servers, keys, jobs, and the connections that leave it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.connections import Outside, S3Connection, SecretKey
from components.kubernetes.context import StackContext
from components.object_store import (
    BucketGrant,
    ExternalStore,
    ObjectStore,
    ObjectStoreSettings,
    Pool,
    S3Credentials,
    StandaloneStore,
    TenantStore,
    uploads_grant,
)
from components.settings.base import Resources, Scheduling, SecretReference, Storage, Toleration
from components.settings.images import ImageSettings
from components.settings.services import ServerCertificate
from tests.unit.operated_checks import expected
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables, workloads
from tests.unit.pulumi_mocks import Program, RegisteredResource, resolve, run_program

STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
SECRET = "kubernetes:core/v1:Secret"
JOB = "kubernetes:batch/v1:Job"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
TENANT = "kubernetes:minio.min.io/v2:Tenant"
STORAGE = Storage(size="20Gi")
RESOURCES = Resources(cpu_request="1", cpu_limit="2", memory="1Gi")
UPLOADS = BucketGrant(name="uploads", bucket="label-studio", actions=("list", "read", "write", "delete"))
SOURCE = BucketGrant(name="source", bucket="cats", prefix="input/")
GRANTS = (UPLOADS, SOURCE)
POOL = Pool(name="pool-0", servers=4, volumes_per_server=2, storage=STORAGE, resources=RESOURCES)
CERTIFICATE = ServerCertificate(secret_name="s3-tls")
IMAGES = ImageSettings(minio="docker.io/pgsty/silo:1", minio_client="docker.io/pgsty/mc:1")
SSD = Scheduling(node_selector={"disk": "ssd"}, tolerations=(Toleration(key="storage", operator="Exists"),))


def standalone(**overrides: Any) -> StandaloneStore:
    return StandaloneStore(**{"backend": "standalone", "storage": STORAGE, "resources": RESOURCES, **overrides})


def tenant(**overrides: Any) -> TenantStore:
    return TenantStore(**{"backend": "tenant", "pools": (POOL,), **overrides})


def external(**overrides: Any) -> ExternalStore:
    given = {"backend": "external", "bucket": "label-studio", "region": "eu-central-1", "addresses": ("10.0.0.0/24",)}
    return ExternalStore(**{**given, **overrides})


def context(**overrides: Any) -> StackContext:
    return StackContext(**{"namespace": pulumi.Output.from_input("stack"), "images": IMAGES, **overrides})


def deploy(
    settings: ObjectStoreSettings,
    grants: Sequence[BucketGrant] = GRANTS,
    *,
    preview: bool = False,
    **of_stack: Any,
) -> Program:
    return run_program(lambda: ObjectStore("s3", settings, context(**of_stack), grants), preview=preview)


def connections(program: Program) -> dict[str, S3Connection]:
    component: ObjectStore = program.result
    return dict(component.connections)


def job_of(program: Program, grant: str) -> RegisteredResource:
    return program.one(JOB, f"s3-{grant}-setup")


def job_variables(job: RegisteredResource) -> dict[str, Any]:
    return variables(pod_of(job)["containers"][0])


@pytest.mark.parametrize("tls", [None, CERTIFICATE])
def test_every_pod_is_restricted(tls: ServerCertificate | None) -> None:
    program = deploy(standalone(tls=tls))
    assert len(workloads(program)) == 3
    for workload in workloads(program):
        assert_restricted(pod_of(workload))
        assert_mounts_exist(pod_of(workload), ["data"] if workload.type == STATEFUL_SET else [])


@pytest.mark.parametrize("settings", [standalone(), tenant()])
@pytest.mark.parametrize("preview", [False, True])
def test_every_child_belongs_to_the_component(settings: ObjectStoreSettings, preview: bool) -> None:
    program = deploy(settings, preview=preview)
    component = program.one("label-studio:object_store:ObjectStore")
    children = [r for r in program if r is not component]
    assert children and {r.parent for r in children} == {component.urn}


@pytest.mark.parametrize("settings", [standalone(), tenant()])
def test_each_grant_has_a_key_and_a_job_of_its_own(settings: ObjectStoreSettings) -> None:
    program = deploy(settings)
    keys = {name: connection.access_key_id for name, connection in connections(program).items()}
    assert {resolve(key.name) for key in keys.values() if key} == {"s3-uploads", "s3-source"}
    for grant in ("uploads", "source"):
        secret = program.one(SECRET, f"s3-{grant}")
        assert secret.inputs["stringData"].keys() == {"access-key", "secret-key"}
        assert secret.is_secret("stringData.secret-key")
        environment = job_variables(job_of(program, grant))
        assert environment["ACCESS_KEY_0"] == (f"s3-{grant}", "access-key")
        assert environment["SECRET_KEY_0"] == (f"s3-{grant}", "secret-key")


@pytest.mark.parametrize("settings", [standalone(), tenant()])
def test_root_is_for_the_server_and_the_jobs_alone(settings: ObjectStoreSettings) -> None:
    program = deploy(settings)
    root = program.one(SECRET, "s3-root")
    password = root.inputs["stringData"]["root-password"]
    holders = {r.name for r in program if password in json.dumps(r.inputs)}
    assert holders <= {"s3-root", "s3-root-configuration"}
    names = {resolve(key.name) for c in connections(program).values() for key in (c.access_key_id, c.ca) if key}
    assert not names & {"s3-root", "s3-root-configuration"}


@pytest.mark.parametrize("settings", [standalone(), tenant()])
def test_no_secret_is_in_a_command(settings: ObjectStoreSettings) -> None:
    program = deploy(settings)
    secrets = [value for r in program.all(SECRET) for value in r.inputs["stringData"].values() if len(value) > 20]
    assert secrets
    for workload in workloads(program):
        assert not any(secret in json.dumps(workload.inputs) for secret in secrets)


def test_a_new_grant_touches_no_other_one() -> None:
    before, after = deploy(standalone(), [UPLOADS]), deploy(standalone())
    known = {(r.type, r.name): r.inputs for r in before if r.custom}
    changed = [r.name for r in after if (r.type, r.name) in known and r.inputs != known[r.type, r.name]]
    assert changed == []
    assert {r.name for r in after if r.custom and (r.type, r.name) not in known} == {"s3-source", "s3-source-setup"}


def test_one_job_makes_the_keys_of_a_group() -> None:
    pair = [replace(each, group="cats") for each in (SOURCE, BucketGrant(name="target", bucket="cats", prefix="out/"))]
    program = deploy(standalone(), [UPLOADS, *pair])
    assert {job.name for job in program.all(JOB)} == {"s3-uploads-setup", "s3-cats-setup"}
    environment = job_variables(job_of(program, "cats"))
    assert environment["KEYS"] == "0 1"
    assert [environment[f"ACCESS_KEY_{number}"] for number in (0, 1)] == [
        ("s3-source", "access-key"),
        ("s3-target", "access-key"),
    ]


def test_a_change_of_a_grant_runs_its_job_again_and_no_other() -> None:
    wider = BucketGrant(name="source", bucket="cats", prefix="input/", actions=("list", "read", "write"))
    before, after = deploy(standalone()), deploy(standalone(), [UPLOADS, wider])
    assert job_of(before, "source").object_name != job_of(after, "source").object_name
    assert job_of(before, "uploads").object_name == job_of(after, "uploads").object_name


def test_a_job_waits_for_the_server_and_has_the_policy_of_its_grant() -> None:
    program = deploy(standalone())
    job = job_of(program, "source")
    assert program.one(STATEFUL_SET).urn in job.dependencies
    environment = job_variables(job)
    assert (environment["BUCKET_0"], environment["PREFIX_0"]) == ("cats", "input/")
    statements = json.loads(environment["POLICY_0"])["Statement"]
    resources = [each["Resource"] for each in statements if each["Effect"] == "Allow"]
    assert resources == [["arn:aws:s3:::cats"], ["arn:aws:s3:::cats"], ["arn:aws:s3:::cats/input/*"]]


def test_the_endpoint_is_fully_qualified() -> None:
    connection = connections(deploy(standalone()))["source"]
    assert resolve(connection.endpoint) == "http://s3.stack.svc.cluster.local:9000"
    assert (connection.bucket, connection.prefix, connection.ca) == ("cats", "input/", None)
    secured = connections(deploy(standalone(tls=CERTIFICATE)))["source"]
    assert resolve(secured.endpoint) == "https://s3.stack.svc.cluster.local:9000"
    assert secured.ca == SecretKey("s3-tls", "ca.crt")


@pytest.mark.parametrize("protect", [True, False])
def test_protection_is_the_default_and_can_be_given_up(protect: bool) -> None:
    program = deploy(standalone(), protect=protect)
    assert program.one(STATEFUL_SET).protect is protect
    assert all(r.protect is protect and r.retain_on_delete is protect for r in program.all(SECRET))


def test_two_stores_do_not_clash() -> None:
    def program() -> None:
        ObjectStore("one", standalone(), context(), GRANTS)
        ObjectStore("two", standalone(), context(), GRANTS)

    objects = [(r.type, r.object_name) for r in run_program(program) if "metadata" in r.inputs]
    assert len(objects) == len(set(objects)) == 20


def test_the_tenant() -> None:
    resource = deploy(tenant()).one(TENANT)
    assert resource.protect and resource.retain_on_delete
    spec = resource.inputs["spec"]
    assert spec["configuration"] == {"name": "s3-root-configuration"}
    assert spec["requestAutoCert"] is True and "externalCertSecret" not in spec
    assert not {"users", "buckets"} & spec.keys()
    (pool,) = spec["pools"]
    assert (pool["name"], pool["servers"], pool["volumesPerServer"]) == ("pool-0", 4, 2)
    assert pool["volumeClaimTemplate"]["spec"]["resources"] == {"requests": {"storage": "20Gi"}}
    assert pool["containerSecurityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pool["containerSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pool["securityContext"]["runAsNonRoot"] is True


def test_keys_are_made_once_the_servers_run_the_image() -> None:
    program = deploy(tenant())
    job = program.one(JOB, "s3-rollout")
    assert "annotations" not in program.one(TENANT).inputs["metadata"], (
        "the status is that of the time before, at first"
    )
    assert program.one(TENANT).urn in job.dependencies
    assert job.urn in job_of(program, "uploads").dependencies
    waited_for = expected(job)
    assert waited_for["status"] == {"currentState": "Initialized", "healthStatus": "green"}
    assert (waited_for["container"], waited_for["image"]) == ("minio", "docker.io/pgsty/silo:1")
    assert waited_for["stateful_sets"] == ["s3-pool-0"]


def test_the_configuration_of_the_tenant_is_secret_and_quoted() -> None:
    program = deploy(tenant())
    secret = program.one(SECRET, "s3-root-configuration")
    password = program.one(SECRET, "s3-root").inputs["stringData"]["root-password"]
    lines = secret.inputs["stringData"]["config.env"].splitlines()
    assert 'export MINIO_ROOT_USER="root"' in lines
    assert f'export MINIO_ROOT_PASSWORD="{password}"' in lines
    assert secret.is_secret("stringData.config.env") or secret.is_secret("stringData")
    assert secret.urn in program.one(TENANT).dependencies


def test_a_tenant_with_a_certificate_of_its_own() -> None:
    program = deploy(tenant(tls=CERTIFICATE))
    spec = program.one(TENANT).inputs["spec"]
    assert spec["requestAutoCert"] is False
    assert spec["externalCertSecret"] == [{"name": "s3-tls", "type": "kubernetes.io/tls"}]
    assert connections(program)["uploads"].ca == SecretKey("s3-tls", "ca.crt")


def test_a_tenant_signed_by_the_cluster_is_verified_by_the_cluster_s_ca() -> None:
    program = deploy(tenant())
    connection = connections(program)["uploads"]
    assert resolve(connection.endpoint) == "https://minio.stack.svc.cluster.local"
    assert connection.ca is not None and resolve(connection.ca.name) == "s3-ca"
    assert program.one(SECRET, "s3-ca").inputs["stringData"] == {"ca.crt": "certificate of the cluster"}


def test_a_pool_has_its_own_nodes_and_the_jobs_of_a_tenant_none() -> None:
    program = deploy(tenant(pools=(POOL.model_copy(update={"scheduling": SSD}),)))
    (pool,) = program.one(TENANT).inputs["spec"]["pools"]
    assert pool["nodeSelector"] == {"disk": "ssd"}
    assert pool["tolerations"] == [{"key": "storage", "operator": "Exists"}]
    assert pool["resources"] == {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    assert {str(pod_of(job).get("nodeSelector")) for job in program.all(JOB)} == {"{}"}
    (anywhere,) = deploy(tenant()).one(TENANT).inputs["spec"]["pools"]
    assert not {"nodeSelector", "tolerations"} & anywhere.keys()


def test_the_server_and_its_jobs_run_on_the_chosen_nodes() -> None:
    for workload in workloads(deploy(standalone(scheduling=SSD))):
        assert pod_of(workload)["nodeSelector"] == {"disk": "ssd"}
        assert pod_of(workload)["tolerations"] == [{"key": "storage", "operator": "Exists"}]


def test_the_images_of_the_stack() -> None:
    program = deploy(standalone())
    assert pod_of(program.one(STATEFUL_SET))["containers"][0]["image"] == "docker.io/pgsty/silo:1"
    assert pod_of(job_of(program, "uploads"))["containers"][0]["image"] == "docker.io/pgsty/mc:1"


@pytest.mark.parametrize(("chosen", "written"), [(True, "true"), (False, "false")])
def test_versioning_of_buckets(chosen: bool, written: str) -> None:
    for settings in (standalone(versioning=chosen), tenant(versioning=chosen)):
        assert job_variables(job_of(deploy(settings), "uploads"))["VERSIONING"] == written


def test_disruption_of_a_tenant() -> None:
    budget = deploy(tenant()).one("kubernetes:policy/v1:PodDisruptionBudget").inputs["spec"]
    assert budget["maxUnavailable"] == 1
    alone = Pool(name="p", servers=1, volumes_per_server=1, storage=STORAGE, resources=RESOURCES)
    assert not deploy(tenant(pools=(alone,))).all("kubernetes:policy/v1:PodDisruptionBudget")


def test_traffic_of_a_tenant() -> None:
    policy = deploy(tenant(operator_namespace="minio-system")).one(POLICY, "s3").inputs["spec"]
    assert policy["podSelector"] == {"matchLabels": {"v1.min.io/tenant": "s3"}}
    sources = [peer for rule in policy["ingress"] for peer in rule["from"]]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "minio-system"}}} in sources


def reference(secret: str, key: str) -> SecretReference:
    return SecretReference(secret_name=secret, secret_key=key)


KEY = S3Credentials(access_key_id=reference("s3", "id"), secret_access_key=reference("s3", "secret"))
OTHER = S3Credentials(
    access_key_id=reference("other", "id"),
    secret_access_key=reference("other", "secret"),
    session_token=reference("other", "token"),
)


def test_somebody_elses_store_needs_no_root_and_makes_nothing() -> None:
    program = deploy(
        external(credentials=KEY, grant_credentials={"source": OTHER}, endpoint="https://s3.example.com:9443")
    )
    assert {r.type for r in program} == {"label-studio:object_store:ObjectStore", JOB, POLICY}
    found = connections(program)
    assert found["uploads"].access_key_id == SecretKey("s3", "id")
    assert found["source"].session_token == SecretKey("other", "token")
    assert found["source"].endpoint == "https://s3.example.com:9443"


def test_the_check_uses_the_key_of_its_purpose() -> None:
    program = deploy(
        external(credentials=KEY, grant_credentials={"source": OTHER}, endpoint="https://s3.example.com:9443")
    )
    environment = job_variables(program.one(JOB, "s3-source-check"))
    assert environment["SECRET_KEY"] == ("other", "secret")
    assert environment["SESSION_TOKEN"] == ("other", "token")
    assert environment["ADDRESS"] == "s3.example.com:9443"
    policy = program.one(POLICY, "s3-source-check").inputs["spec"]
    assert policy["egress"] == [
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 9443}]}
    ]


def test_amazon_s3_has_no_endpoint_of_its_own() -> None:
    program = deploy(external(credentials=KEY))
    assert program.result.endpoint is None
    assert connections(program)["uploads"].endpoint is None
    assert job_variables(program.one(JOB, "s3-uploads-check"))["ADDRESS"] == "s3.eu-central-1.amazonaws.com"


def test_the_identity_of_pods_has_no_key_and_is_not_checked() -> None:
    program = deploy(external())
    assert not program.all(JOB)
    assert connections(program)["uploads"].access_key_id is None


def test_the_check_can_be_left_out() -> None:
    assert not deploy(external(credentials=KEY, check=False)).all(JOB)


def test_the_uploads_grant_is_for_the_whole_bucket() -> None:
    assert uploads_grant("label-studio") == UPLOADS


def test_a_store_and_its_bucket_may_be_known_only_later() -> None:
    def program() -> ObjectStore:
        bucket = pulumi.Output.from_input("made-elsewhere")
        endpoint = pulumi.Output.from_input("https://s3.example.com:9443")
        settings = external(bucket=bucket, endpoint=endpoint, credentials=KEY)
        return ObjectStore("s3", settings, context(), [uploads_grant(settings.bucket), SOURCE])

    ran = run_program(program)
    environment = job_variables(ran.one(JOB, "s3-uploads-check"))
    assert (environment["SCHEME"], environment["ADDRESS"]) == ("https", "s3.example.com:9443")
    assert environment["BUCKET"] == "made-elsewhere"
    promised = connections(ran)["uploads"]
    assert (resolve(promised.bucket), resolve(promised.endpoint)) == ("made-elsewhere", "https://s3.example.com:9443")
    assert isinstance(promised.peer, Outside) and resolve(promised.peer.port) == 9443
    component = ran.one("label-studio:object_store:ObjectStore")
    assert component.inputs["endpoint"] == "https://s3.example.com:9443"
    assert ran.outputs[component.urn] == {
        "endpoint": "https://s3.example.com:9443",
        "buckets": ["cats", "made-elsewhere"],
    }


def test_a_key_for_a_bucket_that_is_known_only_later_is_the_same() -> None:
    def program() -> ObjectStore:
        later = BucketGrant(name="source", bucket=pulumi.Output.from_input("cats"), prefix="input/")
        return ObjectStore("s3", standalone(), context(), [UPLOADS, later])

    assert job_of(run_program(program), "source").inputs == job_of(deploy(standalone()), "source").inputs


def test_a_prefix_that_would_be_a_pattern_stops_the_program() -> None:
    with pytest.raises(ValueError, match="must be literal"):
        deploy(standalone(), [BucketGrant(name="source", bucket="cats", prefix="*/")])
