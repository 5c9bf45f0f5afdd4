"""Dumps of the standalone server, one before each upgrade of Label Studio, on a volume of their own."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from ..connections import PostgresConnection
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import retained_options
from ..kubernetes.context import StackContext
from ..kubernetes.setup_job import SetupJob
from ..kubernetes.upgrade_backup import SECONDS, BackupJob, UpgradeBackup
from .settings import AdminCredentials, StandalonePostgres
from .setup import REFUSAL, USER, ca_files, ca_mounts, server_variables

SCRIPT = Path(__file__).with_name("dump.sh").read_text()
COMPONENT = "postgresql-dump"
DIRECTORY = "/dumps"


def upgrade_dump(  # noqa: PLR0913 - what its pod needs
    name: str,
    settings: StandalonePostgres,
    context: StackContext,
    *,
    connection: PostgresConnection,
    admin: AdminCredentials,
    parent: pulumi.Resource,
) -> UpgradeBackup:
    """The volume, and the job that dumps the database there as the superuser."""
    if settings.upgrade_backup == "mine":
        return UpgradeBackup()
    volume = f"{name}-dumps"
    _claim(volume, settings, context, parent)
    dumps: k8s.core.v1.VolumeArgsDict = {"name": "dumps", "persistent_volume_claim": {"claim_name": volume}}
    job = SetupJob(
        component=COMPONENT,
        image=context.image("postgresql"),
        user=USER,
        script=SCRIPT,
        environment=[
            *server_variables(connection),
            pods.env("PGUSER", admin.user),
            pods.secret_env("PGPASSWORD", admin.password.key),
            pods.env("DATABASE", connection.database),
            pods.env("KEEP", str(settings.dumps.keep)),
        ],
        files=[*ca_files(connection), dumps],
        mounts=[*ca_mounts(connection), pods.mount("dumps", DIRECTORY)],
        fatal_exit_code=REFUSAL,
        seconds=SECONDS,
    )
    egress = [network_policy.to_peer(connection.peer)]
    return UpgradeBackup(job=BackupJob(name=f"{name}-dump", job=job, context=context, egress=egress))


def _claim(name: str, settings: StandalonePostgres, context: StackContext, parent: pulumi.Resource) -> None:
    spec: k8s.core.v1.PersistentVolumeClaimSpecArgsDict = {
        "access_modes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": settings.dumps.size}},
    }
    if settings.dumps.storage_class:
        spec["storage_class_name"] = settings.dumps.storage_class
    k8s.core.v1.PersistentVolumeClaim(
        name,
        metadata={
            "name": name,
            "namespace": context.namespace,
            "labels": pods.labels(COMPONENT, name),
            # Its class may bind it only once the job's pod is there.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        spec=spec,
        opts=retained_options(context, parent),
    )
