"""The job that makes, or only checks, Label Studio's database; the same one for every server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from ..connections import PostgresConnection, SecretKey
from ..kubernetes import network_policy, pods
from ..kubernetes.context import StackContext
from ..kubernetes.retirement import Retirement
from ..kubernetes.setup_job import SetupJob, run_setup_job
from .settings import AdminCredentials

SCRIPT = Path(__file__).with_name("setup.sh").read_text()
RETIRE_SCRIPT = Path(__file__).with_name("retire.sh").read_text()
COMPONENT = "postgresql-setup"
MINIMUM_VERSION = 13
# The exit code with which the script says that trying again is pointless.
REFUSAL = 42
CA_DIRECTORY = "/etc/postgresql-ca"
# The postgres user of the Debian images.
USER = 999


def prepare_database(  # noqa: PLR0913 - the sequences differ per backend
    name: str,
    context: StackContext,
    connection: PostgresConnection,
    parent: pulumi.Resource,
    *,
    admin: AdminCredentials | None = None,
    former_admin_passwords: SecretKey | None = None,
    passwords: Sequence[pulumi.Input[str]] = (),
    triggers: Sequence[pulumi.Input[str]] = (),
    after: Sequence[pulumi.Resource] = (),
    version: int = MINIMUM_VERSION,
    connections: int = 0,
) -> k8s.batch.v1.Job:
    """Makes role, database and extensions as ``admin``; without one, makes the extensions as their owner and checks.

    The server must have at least the major ``version``; it is waited for, as an operator may upgrade it now.
    """
    job = SetupJob(
        component=COMPONENT,
        image=context.image("postgresql"),
        user=USER,
        script=SCRIPT,
        environment=[
            *server_variables(connection),
            *_roles(connection),
            *(_admin(admin) if admin else []),
            *([pods.secret_env("FORMER_ADMIN", former_admin_passwords)] if former_admin_passwords else []),
            pods.env("MAJOR_VERSION", str(version)),
            *([pods.env("CONNECTIONS", str(connections))] if connections else []),
        ],
        files=ca_files(connection),
        mounts=ca_mounts(connection),
        passwords=passwords,
        triggers=triggers,
        fatal_exit_code=REFUSAL,
    )
    network_policy.allow(name, context, parent, pods.selector(COMPONENT, name), peers=[connection.peer])
    return run_setup_job(name, context, job, parent, after)


def retire_login(  # noqa: PLR0913 - what its pod needs
    name: str,
    context: StackContext,
    connection: PostgresConnection,
    admin: AdminCredentials,
    login: str,
    *,
    triggers: Sequence[pulumi.Input[str]] = (),
) -> Retirement:
    """Keeps a role that opened the database before from logging in; what it owns stays its own."""
    job = SetupJob(
        component=COMPONENT,
        image=context.image("postgresql"),
        user=USER,
        script=RETIRE_SCRIPT,
        environment=[*server_variables(connection), *_admin(admin), pods.env("FORMER_LOGIN", login)],
        files=ca_files(connection),
        mounts=ca_mounts(connection),
        triggers=triggers,
    )
    return Retirement(name=name, job=job, peer=connection.peer)


def server_variables(connection: PostgresConnection) -> list[k8s.core.v1.EnvVarArgsDict]:
    """Where libpq finds the server, and how it verifies it; the certificate comes with ``ca_files``."""
    variables = [
        pods.env("PGHOST", connection.host),
        pods.env("PGPORT", str(connection.port)),
        pods.env("PGSSLMODE", connection.tls.mode if connection.tls else "disable"),
    ]
    if ca_files(connection):
        variables.append(pods.env("PGSSLROOTCERT", f"{CA_DIRECTORY}/ca.crt"))
    return variables


def ca_files(connection: PostgresConnection) -> list[k8s.core.v1.VolumeArgsDict]:
    """The volume with the certificate that verifies the server, if there is one."""
    ca = connection.tls.ca if connection.tls else None
    return [pods.secret_files("ca", ca.name, {ca.key: "ca.crt"})] if ca else []


def ca_mounts(connection: PostgresConnection) -> list[k8s.core.v1.VolumeMountArgsDict]:
    """The mount of ``ca_files``."""
    return [pods.mount("ca", CA_DIRECTORY, read_only=True)] if ca_files(connection) else []


def _roles(connection: PostgresConnection) -> list[k8s.core.v1.EnvVarArgsDict]:
    return [
        pods.env("DATABASE", connection.database),
        pods.env("OWNER", connection.owner or connection.user),
        pods.env("LOGIN", connection.user),
        pods.secret_env("LOGIN_PASSWORD", connection.password),
    ]


def _admin(admin: AdminCredentials) -> list[k8s.core.v1.EnvVarArgsDict]:
    return [
        pods.env("ADMIN", admin.user),
        pods.env("ADMIN_DATABASE", admin.database),
        pods.secret_env("ADMIN_PASSWORD", admin.password.key),
    ]
