"""The CloudNativePG cluster: the custom resource, its traffic, the connection."""

from __future__ import annotations

from typing import Any

import pytest

from components.connections import SecretKey
from components.settings.base import Scheduling, Storage, Toleration
from tests.unit.operated_checks import JOB, expected
from tests.unit.postgresql.cnpg import CLUSTER, POLICY, allowed, deploy, empty_paths
from tests.unit.pulumi_mocks import resolve

MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"


def cluster_spec(**overrides: Any) -> dict[str, Any]:
    spec: dict[str, Any] = deploy(**overrides).one(CLUSTER).inputs["spec"]
    return spec


def test_the_cluster_makes_database_owner_and_extensions() -> None:
    initdb = cluster_spec()["bootstrap"]["initdb"]
    assert (initdb["database"], initdb["owner"]) == ("labelstudio", "labelstudio")
    assert initdb["secret"] == {"name": "db-owner"}
    assert initdb["postInitApplicationSQL"] == [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE EXTENSION IF NOT EXISTS btree_gin",
    ]


def test_servers_may_have_a_role_of_the_cloud() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/backups"}
    spec = cluster_spec(service_account_annotations=role)
    assert spec["serviceAccountTemplate"] == {"metadata": {"annotations": role}}
    assert "serviceAccountTemplate" not in cluster_spec()


def test_the_owner_secret_is_what_the_operator_expects() -> None:
    secret = deploy().one("kubernetes:core/v1:Secret")
    assert secret.inputs["type"] == "kubernetes.io/basic-auth"
    assert secret.inputs["metadata"]["labels"]["cnpg.io/reload"] == "true"
    assert secret.inputs["stringData"].keys() == {"username", "password"}
    assert secret.is_secret("stringData.password")


def test_a_job_waits_until_the_servers_run_the_image() -> None:
    program = deploy()
    cluster, job = program.one(CLUSTER), program.one(JOB, "db-rollout")
    assert "annotations" not in cluster.inputs["metadata"], "the condition is that of the time before, at first"
    assert cluster.urn in job.dependencies
    assert expected(job) == {
        "api_version": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "plural": "clusters",
        "name": "db",
        "status": {},
        "conditions": {"Ready": "True"},
        "selector": "cnpg.io/cluster=db,cnpg.io/podRole=instance",
        "container": "postgres",
        "image": "ghcr.io/cloudnative-pg/postgresql:17.12-standard-trixie",
        "version": None,
        "version_variable": None,
        "stateful_sets": [],
        "servers": 3,
    }
    assert cluster.protect and cluster.retain_on_delete


def test_no_superuser_is_reachable() -> None:
    assert cluster_spec()["enableSuperuserAccess"] is False


@pytest.mark.parametrize(("instances", "budget"), [(1, False), (3, True)])
def test_one_instance_does_not_block_the_draining_of_its_node(instances: int, budget: bool) -> None:
    spec = cluster_spec(instances=instances)
    assert spec["enablePDB"] is budget
    assert spec["affinity"]["enablePodAntiAffinity"] is budget


def test_volumes() -> None:
    spec = cluster_spec(wal_storage=Storage(size="10Gi"))
    assert spec["storage"] == {"size": "50Gi", "storageClass": "fast"}
    assert spec["walStorage"] == {"size": "10Gi"}
    assert "walStorage" not in cluster_spec()


def test_nodes_are_chosen() -> None:
    tolerations = (Toleration(key="db", operator="Exists"),)
    affinity = cluster_spec(scheduling=Scheduling(node_selector={"disk": "ssd"}, tolerations=tolerations))["affinity"]
    assert affinity["nodeSelector"] == {"disk": "ssd"}
    assert affinity["tolerations"] == [{"key": "db", "operator": "Exists"}]


def test_names_of_parameters_stay_as_written() -> None:
    assert cluster_spec(parameters={"max_connections": "200"})["postgresql"] == {
        "parameters": {"jit": "off", "max_connections": "200"}
    }


def test_synchronous_replication_on_demand() -> None:
    assert cluster_spec(synchronous_replicas=1)["postgresql"]["synchronous"] == {
        "method": "any",
        "number": 1,
        "dataDurability": "preferred",
    }


def test_no_metrics_unless_asked() -> None:
    assert not deploy().all(MONITOR)


def test_a_pod_monitor_of_our_own() -> None:
    program = deploy(pod_monitor=True)
    assert program.one(MONITOR).inputs["spec"]["selector"] == {"matchLabels": {"cnpg.io/cluster": "db"}}
    assert "monitoring" not in program.one(CLUSTER).inputs["spec"]


def test_the_connection_is_verified_and_its_secret_is_ours() -> None:
    connection = deploy().result.connection
    assert resolve(connection.host) == "db-rw.stack.svc.cluster.local"
    assert (connection.tls.mode, connection.tls.ca) == ("verify-full", SecretKey("db-ca", "ca.crt"))
    assert resolve(connection.password.name) == "db-owner"


def test_traffic_of_instances_and_operator() -> None:
    policy = deploy(pod_monitor=True, operator_namespace="operators").one(POLICY, "db")
    assert policy.inputs["spec"]["podSelector"] == {"matchLabels": {"cnpg.io/cluster": "db"}}
    assert allowed(policy, "ingress") == {5432, 8000, 9187}
    assert allowed(policy, "egress") == {5432, 8000, 443, 6443}
    sources = [peer for rule in policy.inputs["spec"]["ingress"] for peer in rule["from"]]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}}} in sources


def test_nothing_is_sent_empty() -> None:
    """The operator takes an empty list for a change, and restarts its instances without end."""
    assert empty_paths(cluster_spec()) == []
