"""The base backup of a CloudNativePG cluster before an upgrade of Label Studio, in the archive of all others."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from ..connections import PostgresConnection
from ..kubernetes import network_policy, pods
from ..kubernetes.accounts import job_account
from ..kubernetes.context import StackContext
from ..kubernetes.setup_job import SetupJob
from ..kubernetes.upgrade_backup import SECONDS, BackupJob, UpgradeBackup
from .base_backup import REFUSED
from .cnpg_backup import PLUGIN
from .others_backup import SAY_SO
from .settings import CnpgPostgres
from .setup import ca_files, ca_mounts, server_variables

SCRIPT = Path(__file__).with_name("base_backup.py").read_text(encoding="utf-8")
COMPONENT = "postgresql-backup"
# Of Label Studio's image.
USER = 1001
# The job ends by itself before its deadline, because only then can it say why.
MARGIN_SECONDS = 300


def upgrade_backup(  # noqa: PLR0913 - what its pod needs
    name: str,
    server: str,
    settings: CnpgPostgres,
    context: StackContext,
    *,
    connection: PostgresConnection,
    parent: pulumi.Resource,
) -> UpgradeBackup:
    """The job, and its right to make Backups of the cluster; advice where the stack has no archive for them."""
    if settings.upgrade_backup == "mine":
        return UpgradeBackup()
    if settings.backup is None:
        return UpgradeBackup(advice=f"write postgresql.backup, and the stack makes one, or {SAY_SO}")
    job_name = f"{name}-backup"
    job_account(job_name, context, _rules(server), parent)
    job = SetupJob(
        component=COMPONENT,
        # Python 3 and a driver for PostgreSQL, which the server's image may lack.
        image=context.image("label_studio"),
        user=USER,
        script='exec python3 -c "$BACKUP"',
        environment=[
            pods.env("BACKUP", SCRIPT),
            pods.env("NAMESPACE", context.namespace),
            pods.env("CLUSTER", server),
            pods.env("PLUGIN", PLUGIN),
            pods.env("SECONDS_TO_WAIT", str(SECONDS - MARGIN_SECONDS)),
            *server_variables(connection),
            pods.env("DATABASE", connection.database),
            pods.env("PGUSER", connection.user),
            pods.secret_env("PGPASSWORD", connection.password),
        ],
        files=ca_files(connection),
        mounts=ca_mounts(connection),
        fatal_exit_code=REFUSED,
        service_account=job_name,
        seconds=SECONDS,
    )
    egress = [network_policy.to_peer(connection.peer), network_policy.to_api_server()]
    return UpgradeBackup(job=BackupJob(name=job_name, job=job, context=context, egress=egress))


def _rules(server: str) -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    group = ["postgresql.cnpg.io"]
    return [
        {"api_groups": group, "resources": ["clusters"], "resource_names": [server], "verbs": ["get"]},
        # The API server ignores names for the one, and the other is for names that are not known before.
        {"api_groups": group, "resources": ["backups"], "verbs": ["create", "get"]},
    ]
