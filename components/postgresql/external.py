"""A PostgreSQL server outside of the stack."""

from __future__ import annotations

import pulumi

from ..connections import PostgresConnection, PostgresTls
from ..kubernetes.context import StackContext
from ..kubernetes.upgrade_backup import UpgradeBackup
from .others_backup import others_backup
from .settings import ExternalPostgres, PostgresClientTls
from .setup import prepare_database


def deploy(
    name: str, settings: ExternalPostgres, context: StackContext, parent: pulumi.Resource, connections: int
) -> tuple[PostgresConnection, UpgradeBackup]:
    """Makes the database as the administrator, or checks that it is there and allows so many ``connections``."""
    connection = PostgresConnection(
        host=settings.host,
        port=settings.port,
        database=settings.database,
        user=settings.user,
        password=settings.password.key,
        tls=_tls(settings.tls) if settings.tls else None,
        peer=context.peer(settings.host, settings.port, settings.addresses),
    )
    admin = settings.admin_credentials
    prepare_database(f"{name}-setup", context, connection, parent, admin=admin, connections=connections)
    return connection, others_backup(settings)


def _tls(tls: PostgresClientTls) -> PostgresTls:
    return PostgresTls(mode=tls.mode, ca=tls.ca.key if tls.ca else None)
