"""The CloudNativePG cluster: the custom resources, the backups, the connection."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.connections import SecretKey
from components.postgresql import BackupArgs, CnpgArgs, PostgreSQL
from components.service import VolumeClaim
from tests.unit.pulumi_mocks import Program, RegisteredResource, resolve, run_program

CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster"
SCHEDULE = "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup"
ARCHIVE = "kubernetes:barmancloud.cnpg.io/v1:ObjectStore"
MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RESOURCES = {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}
BACKUP = BackupArgs(
    destination_path="s3://backups/label-studio",
    schedule="0 0 3 * * *",
    retention="30d",
    endpoint="https://s3.example.com:9443",
    endpoint_ca=SecretKey("s3-ca", "ca.crt"),
    access_key_id=SecretKey("s3-key", "id"),
    secret_access_key=SecretKey("s3-key", "secret"),
)


def args(**overrides: Any) -> CnpgArgs:
    values: dict[str, Any] = {
        "namespace": pulumi.Output.from_input("stack"),
        "image": "ghcr.io/cloudnative-pg/postgresql:17.12-standard-trixie",
        "client_image": "docker.io/library/postgres:17.12-trixie",
        "version": 17,
        "storage": VolumeClaim(size="50Gi", storage_class="fast"),
        "resources": RESOURCES,
    }
    return CnpgArgs(**{**values, **overrides})


def deploy(**overrides: Any) -> Program:
    return run_program(lambda: PostgreSQL("db", args(**overrides)))


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


def test_the_owner_secret_is_what_the_operator_expects() -> None:
    secret = deploy().one("kubernetes:core/v1:Secret")
    assert secret.inputs["type"] == "kubernetes.io/basic-auth"
    assert secret.inputs["metadata"]["labels"]["cnpg.io/reload"] == "true"
    assert secret.inputs["stringData"].keys() == {"username", "password"}
    assert secret.is_secret("stringData.password")


def test_pulumi_waits_until_the_cluster_is_ready() -> None:
    cluster = deploy().one(CLUSTER)
    assert cluster.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    assert cluster.custom_timeouts["create"] == "20m"
    assert cluster.protect and cluster.retain_on_delete


def test_no_superuser_is_reachable() -> None:
    assert cluster_spec()["enableSuperuserAccess"] is False


@pytest.mark.parametrize(("instances", "budget"), [(1, False), (3, True)])
def test_one_instance_does_not_block_the_draining_of_its_node(instances: int, budget: bool) -> None:
    spec = cluster_spec(instances=instances)
    assert spec["enablePDB"] is budget
    assert spec["affinity"]["enablePodAntiAffinity"] is budget


def test_volumes() -> None:
    spec = cluster_spec(wal_storage=VolumeClaim(size="10Gi"))
    assert spec["storage"] == {"size": "50Gi", "storageClass": "fast"}
    assert spec["walStorage"] == {"size": "10Gi"}
    assert "walStorage" not in cluster_spec()


def test_names_of_parameters_stay_as_written() -> None:
    assert cluster_spec(parameters={"max_connections": "200"})["postgresql"] == {
        "parameters": {"max_connections": "200"}
    }


def test_synchronous_replication_on_demand() -> None:
    assert cluster_spec(synchronous_replicas=1)["postgresql"]["synchronous"] == {
        "method": "any",
        "number": 1,
        "dataDurability": "preferred",
    }


def test_backups_go_through_the_plugin() -> None:
    program = deploy(backup=BACKUP)
    archive, schedule, cluster = program.one(ARCHIVE), program.one(SCHEDULE), program.one(CLUSTER)
    assert cluster.inputs["spec"]["plugins"] == [
        {
            "name": "barman-cloud.cloudnative-pg.io",
            "isWALArchiver": True,
            "parameters": {"barmanObjectName": archive.object_name},
        }
    ]
    assert "backup" not in cluster.inputs["spec"]
    assert archive.inputs["spec"]["retentionPolicy"] == "30d"
    assert archive.inputs["spec"]["configuration"] == {
        "destinationPath": "s3://backups/label-studio",
        "endpointURL": "https://s3.example.com:9443",
        "endpointCA": {"name": "s3-ca", "key": "ca.crt"},
        "s3Credentials": {
            "accessKeyId": {"name": "s3-key", "key": "id"},
            "secretAccessKey": {"name": "s3-key", "key": "secret"},
        },
        "wal": {"compression": "gzip"},
        "data": {"compression": "gzip"},
    }
    assert schedule.inputs["spec"]["schedule"] == "0 0 3 * * *"
    assert schedule.inputs["spec"]["method"] == "plugin"
    assert schedule.inputs["spec"]["cluster"] == {"name": "db"}
    assert archive.urn in cluster.dependencies and cluster.urn in schedule.dependencies


def test_backups_by_the_identity_of_the_pods() -> None:
    backup = BackupArgs(destination_path="s3://b", schedule="0 0 3 * * *", retention="7d", compression=None)
    configuration = deploy(backup=backup).one(ARCHIVE).inputs["spec"]["configuration"]
    assert configuration == {"destinationPath": "s3://b", "s3Credentials": {"inheritFromIAMRole": True}}


def test_nothing_of_backups_or_metrics_unless_asked() -> None:
    program = deploy()
    assert not [*program.all(ARCHIVE), *program.all(SCHEDULE), *program.all(MONITOR)]
    assert "plugins" not in program.one(CLUSTER).inputs["spec"]


def test_a_pod_monitor_of_our_own() -> None:
    program = deploy(pod_monitor=True)
    assert program.one(MONITOR).inputs["spec"]["selector"] == {"matchLabels": {"cnpg.io/cluster": "db"}}
    assert "monitoring" not in program.one(CLUSTER).inputs["spec"]


def test_the_connection_is_verified_and_its_secret_is_ours() -> None:
    connection = deploy().result.connection
    assert resolve(connection.host) == "db-rw.stack.svc.cluster.local"
    assert (connection.tls.mode, connection.tls.ca) == ("verify-full", SecretKey("db-ca", "ca.crt"))
    assert resolve(connection.password.name) == "db-owner"


def allowed(policy: RegisteredResource, direction: str) -> set[int]:
    return {port["port"] for rule in policy.inputs["spec"][direction] for port in rule["ports"]}


def test_traffic_of_instances_operator_and_backups() -> None:
    policy = deploy(backup=BACKUP, pod_monitor=True, operator_namespace="operators").one(POLICY)
    assert policy.inputs["spec"]["podSelector"] == {"matchLabels": {"cnpg.io/cluster": "db"}}
    assert allowed(policy, "ingress") == {5432, 8000, 9187}
    assert allowed(policy, "egress") == {5432, 8000, 443, 6443, 9443}
    sources = [peer for rule in policy.inputs["spec"]["ingress"] for peer in rule["from"]]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}}} in sources
    assert 9443 not in allowed(deploy().one(POLICY), "egress")


def empty_paths(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        members = [found for key, member in value.items() for found in empty_paths(member, f"{path}.{key}")]
        return members if value else [path]
    if isinstance(value, list):
        return [found for member in value for found in empty_paths(member, path)] if value else [path]
    return [path] if value is None else []


def test_nothing_is_sent_empty() -> None:
    """The operator takes an empty list for a change, and restarts its instances without end."""
    assert empty_paths(cluster_spec()) == []
