"""Redis by every backend: specs, secrets, and the connection that Label Studio gets."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest

from components.connections import OtherNamespace, Outside, RedisConnection, RedisTls, SecretKey
from components.kubernetes.context import StackContext
from components.label_studio.environment import redis_location
from components.redis import AlaudaRedis, ExternalRedis, NoRedis, Redis, RedisSettings, StandaloneRedis
from components.redis.settings import RedisSsl
from components.redis.standalone import configuration
from components.settings.base import SecretReference, Storage
from components.settings.images import ImageSettings
from components.settings.services import ServerCertificate
from tests.unit.operated_checks import JOB, expected
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables, workloads
from tests.unit.pulumi_mocks import Program, resolve, run_program

STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
SECRET = "kubernetes:core/v1:Secret"
PASSWORD = "random:index/randomPassword:RandomPassword"
ALAUDA = "kubernetes:middleware.alauda.io/v1:Redis"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
STORAGE = Storage(size="2Gi", storage_class="fast")
TLS = ServerCertificate(secret_name="queue-tls")


def standalone(**overrides: Any) -> StandaloneRedis:
    return StandaloneRedis(**{"backend": "standalone", "storage": STORAGE, **overrides})


def alauda(**overrides: Any) -> AlaudaRedis:
    return AlaudaRedis(**{"backend": "alauda", "storage": STORAGE, **overrides})


def context(**overrides: Any) -> StackContext:
    return StackContext(namespace=pulumi.Output.from_input("stack"), **overrides)


def deploy(settings: RedisSettings, **of_stack: Any) -> Program:
    return run_program(lambda: Redis("queue", settings, context(**of_stack)))


def connection(program: Program) -> RedisConnection:
    component: Redis = program.result
    assert component.connection is not None
    return component.connection


def directives(settings: StandaloneRedis) -> dict[str, str]:
    lines = configuration(settings)["valkey.conf"].splitlines()
    return dict(line.split(" ", 1) for line in lines)


@pytest.mark.parametrize("tls", [None, TLS])
def test_the_pod_is_restricted_and_survives_a_restart(tls: ServerCertificate | None) -> None:
    program = deploy(standalone(tls=tls))
    (workload,) = workloads(program)
    assert_restricted(pod_of(workload))
    assert_mounts_exist(pod_of(workload), ["data"])
    container = pod_of(workload)["containers"][0]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
    assert workload.inputs["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"


def test_no_job_is_evicted_or_lost() -> None:
    written = directives(standalone())
    assert written["maxmemory-policy"] == "noeviction"
    assert written["maxmemory"] == "201326592"
    assert (written["appendonly"], written["appendfsync"]) == ("yes", "everysec")
    assert written["dir"] == "/data"


def test_the_password_is_in_its_secret_and_nowhere_else() -> None:
    program = deploy(standalone())
    secret = program.one(SECRET)
    password = secret.inputs["stringData"]["password"]
    assert secret.is_secret("stringData.password")
    assert not any(password in str(r.inputs) for r in program if r is not secret)
    assert "requirepass" not in configuration(standalone())["valkey.conf"]
    environment = variables(pod_of(program.one(STATEFUL_SET))["containers"][0])
    assert environment["REDISCLI_AUTH"] == ("queue", "password")


def test_the_server_runs_the_image_of_the_stack() -> None:
    program = deploy(standalone(), images=ImageSettings(valkey="registry.example.com/valkey:8.1.8"))
    assert pod_of(program.one(STATEFUL_SET))["containers"][0]["image"] == "registry.example.com/valkey:8.1.8"


def test_with_tls_nothing_speaks_plain_text() -> None:
    written = directives(standalone(tls=TLS))
    assert (written["port"], written["tls-port"]) == ("0", "6379")
    program = deploy(standalone(tls=TLS))
    assert connection(program).tls == RedisTls("queue-tls")
    probe = pod_of(program.one(STATEFUL_SET))["containers"][0]["readinessProbe"]["exec"]["command"][-1]
    assert "--tls --cacert /etc/valkey-tls/ca.crt" in probe


def test_options_come_before_what_must_hold() -> None:
    # The settings refuse the second one already.
    options = {"slowlog-max-len": "64", "maxmemory-policy": "allkeys-lru"}
    written = directives(standalone().model_copy(update={"options": options}))
    assert (written["slowlog-max-len"], written["maxmemory-policy"]) == ("64", "noeviction")


def test_the_promised_connection() -> None:
    program = deploy(standalone())
    promised = connection(program)
    assert resolve(promised.host) == "queue.stack.svc.cluster.local"
    assert (promised.port, promised.database, promised.user, promised.tls) == (6379, 1, None, None)
    assert promised.password is not None and resolve(promised.password.name) == "queue"


@pytest.mark.parametrize("protect", [True, False])
def test_protection_is_the_default_and_can_be_given_up(protect: bool) -> None:
    program = deploy(standalone(), protect=protect)
    assert program.one(STATEFUL_SET).protect is protect
    assert program.one(PASSWORD).protect is protect
    assert program.one(SECRET).retain_on_delete is protect
    retention = program.one(STATEFUL_SET).inputs["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert retention["whenDeleted"] == ("Retain" if protect else "Delete")


def test_two_servers_do_not_clash() -> None:
    def program() -> None:
        Redis("one", standalone(), context())
        Redis("two", standalone(), context())

    objects = [(r.type, r.object_name) for r in run_program(program) if "metadata" in r.inputs]
    assert len(objects) == len(set(objects)) == 12


def test_the_resource_of_data_services() -> None:
    resource = deploy(alauda(options={"slowlog-max-len": "64"})).one(ALAUDA)
    # In the foreground its deletion would never end.
    assert resource.inputs["metadata"]["annotations"] == {"pulumi.com/deletionPropagationPolicy": "background"}
    assert resource.protect and resource.retain_on_delete
    assert resource.inputs["spec"] == {
        "arch": "standalone",
        "version": "7.2",
        "passwordSecret": "queue",
        "replicas": {"sentinel": {"master": 1}},
        "resources": RESOURCES,
        "persistentSize": "2Gi",
        "persistent": {"storageClassName": "fast"},
        "customConfig": {
            "slowlog-max-len": "64",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": "201326592",
            "maxmemory-policy": "noeviction",
        },
        "expose": {"type": "ClusterIP"},
    }


def test_only_true_is_said_about_tls_since_the_operator_drops_false() -> None:
    assert "enableTLS" not in deploy(alauda()).one(ALAUDA).inputs["spec"]
    assert deploy(alauda(tls=True)).one(ALAUDA).inputs["spec"]["enableTLS"] is True


def test_a_job_waits_until_the_server_has_the_version() -> None:
    program = deploy(alauda())
    job = program.one(JOB, "queue-rollout")
    assert program.one(ALAUDA).urn in job.dependencies
    waited_for = expected(job)
    assert (waited_for["status"], waited_for["version"]) == ({"phase": "Ready"}, "7.2")
    assert waited_for["stateful_sets"] == ["rfr-queue"]


def test_the_password_meets_the_rule_of_the_operator() -> None:
    program = deploy(alauda())
    rule = program.one(PASSWORD).inputs
    assert 8 <= rule["length"] <= 32
    assert rule["minNumeric"] >= 1 and rule["minLower"] >= 1 and rule["minSpecial"] >= 1
    allowed_by_the_webhook, safe_in_urls = set("~!@#$%^&*()-_=+?"), set("-._~")
    assert rule["special"] and set(rule["overrideSpecial"]) <= allowed_by_the_webhook & safe_in_urls
    assert program.one(SECRET).inputs["stringData"].keys() == {"password"}


def test_the_password_is_there_before_the_resource() -> None:
    program = deploy(alauda())
    assert program.one(SECRET).urn in program.one(ALAUDA).dependencies


def test_the_service_of_data_services() -> None:
    promised = connection(deploy(alauda(tls=True)))
    assert resolve(promised.host) == "rfr-queue-read-write.stack.svc"
    assert promised.tls == RedisTls("queue-tls", certificate_key="tls.crt", private_key_key="tls.key")


def test_traffic_of_data_services() -> None:
    policy = deploy(alauda(operator_namespace="redis-system")).one(POLICY, "queue").inputs["spec"]
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "queue"
    sources = [peer for rule in policy["ingress"] for peer in rule["from"]]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "redis-system"}}} in sources


def test_somebody_elses_server_is_only_connected_to() -> None:
    settings = ExternalRedis(
        backend="external",
        url="rediss://redis.example.com:6380/3",
        password=SecretReference(secret_name="redis", secret_key="pw"),
        ssl=RedisSsl(redis_ssl_secret_name="redis-ssl"),
    )
    program = deploy(settings)
    assert [r.type for r in program] == ["label-studio:redis:Redis"]
    assert connection(program) == RedisConnection(
        host="redis.example.com", port=6380, database=3, password=SecretKey("redis", "pw"), tls=RedisTls("redis-ssl")
    )


def test_tls_follows_from_the_address() -> None:
    ssl = RedisSsl(redis_ssl_secret_name="redis-ssl")
    settings = ExternalRedis(backend="external", url="redis://redis.example.com", ssl=ssl)
    assert connection(deploy(settings)).tls is None


def test_where_somebody_elses_server_is() -> None:
    told = ExternalRedis(backend="external", url="redis://redis.example.com:6380/1", addresses=("10.0.0.0/24",))
    assert connection(deploy(told)).peer == Outside(("10.0.0.0/24",), 6380)
    inside = ExternalRedis(backend="external", url="redis://redis.queues.svc:6379/1")
    assert connection(deploy(inside)).peer == OtherNamespace("queues")


def test_somebody_elses_server_may_be_one_of_the_same_program() -> None:
    settings = ExternalRedis(
        backend="external",
        url=pulumi.Output.from_input("rediss://queue@made.example.com:6380/3"),
        addresses=("10.0.0.0/24",),
        password=SecretReference(secret_name=pulumi.Output.from_input("made"), secret_key="pw"),
        ssl=RedisSsl(redis_ssl_secret_name=pulumi.Output.from_input("made-ssl")),
    )
    promised = connection(deploy(settings))
    assert resolve(promised.host) == "made.example.com"
    assert (resolve(promised.port), resolve(promised.database)) == (6380, 3)
    assert promised.password is not None and resolve(promised.password.name) == "made"
    assert promised.tls is not None and resolve(promised.tls.secret_name) == "made-ssl"
    assert resolve(promised.user) == "queue"
    assert isinstance(promised.peer, Outside) and resolve(promised.peer.port) == 6380
    assert resolve(redis_location(promised)) == "rediss://queue@made.example.com:6380/3"


def test_no_redis_is_nothing_at_all() -> None:
    program = deploy(NoRedis(backend="none"))
    component = program.one("label-studio:redis:Redis")
    assert len(program.resources) == 1
    assert component.inputs == {
        "backend": "none",
        "namespace": "stack",
        "clusterDomain": "cluster.local",
        "networkPolicies": True,
        "protect": True,
    }
    assert program.result.connection is None


@pytest.mark.parametrize("settings", [standalone(), alauda()])
def test_every_child_belongs_to_the_component(settings: RedisSettings) -> None:
    program = deploy(settings)
    component = program.one("label-studio:redis:Redis")
    assert {r.parent for r in program if r is not component} == {component.urn}
    assert re.fullmatch(r"standalone|alauda", component.inputs["backend"])
