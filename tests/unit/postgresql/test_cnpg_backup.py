"""Backups of a CloudNativePG cluster, and a cluster that begins with one."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.postgresql.backup_settings import BackupCredentials, CnpgBackup, CnpgRestore
from components.settings.base import SecretReference
from tests.unit.operated_checks import JOB
from tests.unit.postgresql.cnpg import (
    CLUSTER,
    POLICY,
    allowed,
    cluster_settings,
    deploy,
    deploy_settings,
    empty_paths,
)

SCHEDULE = "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup"
STORE = "kubernetes:barmancloud.cnpg.io/v1:ObjectStore"
BACKUP = CnpgBackup(
    destination_path="s3://backups/label-studio",
    schedule="0 0 3 * * *",
    retention="30d",
    endpoint="https://s3.example.com:9443",
    endpoint_ca=SecretReference(secret_name="s3-ca", secret_key="ca.crt"),
    credentials=BackupCredentials(
        access_key_id=SecretReference(secret_name="s3-key", secret_key="id"),
        secret_access_key=SecretReference(secret_name="s3-key", secret_key="secret"),
    ),
    addresses=("10.0.0.0/24",),
)
PLACE = {
    "destinationPath": "s3://backups/label-studio",
    "endpointURL": "https://s3.example.com:9443",
    "endpointCA": {"name": "s3-ca", "key": "ca.crt"},
    "s3Credentials": {
        "accessKeyId": {"name": "s3-key", "key": "id"},
        "secretAccessKey": {"name": "s3-key", "key": "secret"},
    },
}
RESTORE = CnpgRestore(
    destination_path="s3://backups/label-studio",
    server_name="label-studio-postgresql",
    target_time="2026-11-23T04:15:00Z",
    endpoint="http://s3.elsewhere.example.com:9000",
    credentials=BackupCredentials(
        access_key_id=SecretReference(secret_name="reader", secret_key="id"),
        secret_access_key=SecretReference(secret_name="reader", secret_key="secret"),
    ),
    addresses=("10.0.1.0/24",),
)


def cluster_spec(**overrides: Any) -> dict[str, Any]:
    spec: dict[str, Any] = deploy(**overrides).one(CLUSTER).inputs["spec"]
    return spec


def test_backups_go_through_the_plugin() -> None:
    program = deploy(backup=BACKUP)
    store, schedule, cluster = program.one(STORE), program.one(SCHEDULE), program.one(CLUSTER)
    assert cluster.inputs["spec"]["plugins"] == [
        {
            "name": "barman-cloud.cloudnative-pg.io",
            "isWALArchiver": True,
            "parameters": {"barmanObjectName": store.object_name},
        }
    ]
    assert "backup" not in cluster.inputs["spec"]
    assert store.inputs["spec"]["retentionPolicy"] == "30d"
    compression = {"wal": {"compression": "gzip"}, "data": {"compression": "gzip"}}
    assert store.inputs["spec"]["configuration"] == {**PLACE, **compression}
    assert schedule.inputs["spec"]["schedule"] == "0 0 3 * * *"
    assert schedule.inputs["spec"]["method"] == "plugin"
    assert schedule.inputs["spec"]["cluster"] == {"name": "db"}
    assert store.urn in cluster.dependencies and program.one(JOB, "db-rollout").urn in schedule.dependencies


def test_backups_under_another_name() -> None:
    [plugin] = cluster_spec(backup=BACKUP.model_copy(update={"server_name": "db-2"}))["plugins"]
    assert plugin["parameters"] == {"barmanObjectName": "db-backup", "serverName": "db-2"}


@pytest.mark.parametrize("change", [{"server_name": "db-2"}, {"destination_path": "s3://backups"}, {"endpoint": None}])
def test_another_archive_begins_with_a_base_backup(change: dict[str, Any]) -> None:
    changed = deploy(backup=BACKUP.model_copy(update=change)).one(SCHEDULE)
    assert changed.replacement_trigger != deploy(backup=BACKUP).one(SCHEDULE).replacement_trigger
    assert changed.inputs["spec"]["immediate"] is True


def test_another_clock_makes_no_backup() -> None:
    clock = {"schedule": "0 0 4 * * *", "retention": "7d"}
    changed = deploy(backup=BACKUP.model_copy(update=clock)).one(SCHEDULE)
    assert changed.replacement_trigger == deploy(backup=BACKUP).one(SCHEDULE).replacement_trigger


def test_backups_by_the_identity_of_the_pods() -> None:
    backup = CnpgBackup(destination_path="s3://backups", retention="7d", compression="none", addresses=BACKUP.addresses)
    configuration = deploy(backup=backup).one(STORE).inputs["spec"]["configuration"]
    assert configuration == {"destinationPath": "s3://backups", "s3Credentials": {"inheritFromIAMRole": True}}


def test_nothing_of_backups_unless_asked() -> None:
    program = deploy()
    assert not [*program.all(STORE), *program.all(SCHEDULE)]
    spec = program.one(CLUSTER).inputs["spec"]
    assert not {"plugins", "externalClusters"} & spec.keys()
    assert spec["bootstrap"].keys() == {"initdb"}


def test_a_restored_cluster_begins_with_the_backup() -> None:
    program = deploy(restore=RESTORE, database="labels", user="owner")
    store, cluster = program.one(STORE), program.one(CLUSTER)
    spec = cluster.inputs["spec"]
    assert spec["bootstrap"] == {
        "recovery": {
            "source": "origin",
            "database": "labels",
            "owner": "owner",
            "secret": {"name": "db-owner"},
            "recoveryTarget": {"targetTime": "2026-11-23 04:15:00.000000+00"},
        }
    }
    assert spec["externalClusters"] == [
        {
            "name": "origin",
            "plugin": {
                "name": "barman-cloud.cloudnative-pg.io",
                "parameters": {"barmanObjectName": "db-restore", "serverName": "label-studio-postgresql"},
            },
        }
    ]
    assert store.object_name == "db-restore" and store.urn in cluster.dependencies
    assert store.inputs["spec"]["configuration"]["endpointURL"] == "http://s3.elsewhere.example.com:9000"
    assert "retentionPolicy" not in store.inputs["spec"], "what is read must never be deleted"
    assert "plugins" not in spec and not program.all(SCHEDULE), "nothing is written"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-01-23T04:15:00Z", "2026-01-23 04:15:00.000000+00"),
        ("2026-01-23T04:15:00.25+02:00", "2026-01-23 02:15:00.250000+00"),
        ("2025-12-31 23:30:00-01:00", "2026-01-01 00:30:00.000000+00"),
    ],
)
def test_a_moment_is_told_as_postgresql_reads_it(given: str, sent: str) -> None:
    recovery = cluster_spec(restore=RESTORE.model_copy(update={"target_time": given}))["bootstrap"]["recovery"]
    assert recovery["recoveryTarget"] == {"targetTime": sent}


def test_a_backup_is_restored_to_its_end_unless_told_otherwise() -> None:
    restore = CnpgRestore(destination_path="s3://backups", addresses=BACKUP.addresses)
    recovery = cluster_spec(restore=restore)["bootstrap"]["recovery"]
    assert "recoveryTarget" not in recovery


def test_a_restored_cluster_is_backed_up_in_an_archive_of_its_own() -> None:
    program = deploy(backup=BACKUP, restore=RESTORE)
    assert {store.object_name for store in program.all(STORE)} == {"db-backup", "db-restore"}
    assert {store.urn for store in program.all(STORE)} <= program.one(CLUSTER).dependencies


SAME_PLACE = CnpgRestore(destination_path=BACKUP.destination_path, endpoint=BACKUP.endpoint, addresses=BACKUP.addresses)


@pytest.mark.parametrize(("written", "read"), [(None, None), ("db", None), (None, "db"), ("x", "x")])
def test_no_cluster_writes_where_it_begins(written: str | None, read: str | None) -> None:
    backup = BACKUP.model_copy(update={"server_name": written})
    restore = SAME_PLACE.model_copy(update={"server_name": read})
    # Where both say the same the settings refuse it already, without a look at the name of the cluster.
    settings = cluster_settings().model_copy(update={"backup": backup, "restore": restore})
    with pytest.raises(ValueError, match="db would write its backups into the archive that it begins with"):
        deploy_settings(settings)


def test_names_tell_archives_apart() -> None:
    deploy(backup=BACKUP.model_copy(update={"server_name": "db-2"}), restore=SAME_PLACE)


def test_the_plugin_beside_each_server_is_limited() -> None:
    for store in deploy(backup=BACKUP, restore=RESTORE).all(STORE):
        resources = store.inputs["spec"]["instanceSidecarConfiguration"]["resources"]
        assert resources.keys() == {"requests", "limits"}
        assert all(each.keys() == {"cpu", "memory"} for each in resources.values())


def test_servers_reach_what_they_are_backed_up_to_and_restored_from() -> None:
    assert allowed(deploy(backup=BACKUP).one(POLICY, "db"), "egress") == {5432, 8000, 443, 6443, 9443}
    assert allowed(deploy(restore=RESTORE).one(POLICY, "db"), "egress") == {5432, 8000, 443, 6443, 9000}
    assert {9443, 9000} <= allowed(deploy(backup=BACKUP, restore=RESTORE).one(POLICY, "db"), "egress")


def test_servers_reach_a_store_in_another_namespace() -> None:
    restore = CnpgRestore(destination_path="s3://backups", endpoint="http://minio.stores.svc:9000")
    egress = deploy(restore=restore).one(POLICY, "db").inputs["spec"]["egress"]
    stores = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "stores"}}}
    assert {"to": [stores]} in egress


def test_the_bucket_may_be_one_of_the_same_program() -> None:
    backup = CnpgBackup(
        destination_path=pulumi.Output.from_input("s3://made/db"),
        endpoint=pulumi.Output.from_input("https://s3.made.example.com"),
        endpoint_ca=SecretReference(secret_name=pulumi.Output.from_input("made-ca"), secret_key="ca.crt"),
        addresses=("10.0.0.0/24",),
    )
    restore = SAME_PLACE.model_copy(update={"server_name": "other"})
    program = deploy(backup=backup, restore=restore)
    assert program.one(STORE, "db-backup").inputs["spec"]["configuration"] == {
        "destinationPath": "s3://made/db",
        "endpointURL": "https://s3.made.example.com",
        "endpointCA": {"name": "made-ca", "key": "ca.crt"},
        "s3Credentials": {"inheritFromIAMRole": True},
        "wal": {"compression": "gzip"},
        "data": {"compression": "gzip"},
    }
    assert program.one(SCHEDULE).replacement_trigger == ["https://s3.made.example.com", "s3://made/db", "db"]
    # The port of a URL that nobody has read is that of https.
    assert 443 in allowed(program.one(POLICY, "db"), "egress")


def test_an_archive_that_is_not_known_yet_is_like_itself() -> None:
    path = pulumi.Output.from_input("s3://made/db")
    backup = CnpgBackup(destination_path=path, addresses=("internet",))
    with pytest.raises(ValueError, match="db would write its backups into the archive that it begins with"):
        deploy(backup=backup, restore=CnpgRestore(destination_path=path, server_name="db", addresses=("internet",)))


def test_nothing_is_sent_empty() -> None:
    """The operator takes an empty list for a change, and restarts its instances without end."""
    minimal = CnpgRestore(destination_path="s3://backups", server_name="other", addresses=("internet",))
    inside = CnpgRestore(destination_path="s3://backups", endpoint="http://minio.stores.svc:9000")
    for restore in (RESTORE, minimal, inside):
        program = deploy(backup=BACKUP, restore=restore)
        for resource in [program.one(CLUSTER), *program.all(STORE)]:
            assert empty_paths(resource.inputs["spec"]) == []
