"""The config key ``postgresql`` as arguments of the component."""

from __future__ import annotations

from typing import Any, assert_never

from ..connections import PostgresTls
from ..stack.context import Translation, optional_secret_key, secret_key, volume_claim
from ..stack.database_connections import needed_connections
from .args import (
    AdminArgs,
    BackupArgs,
    CnpgArgs,
    ExternalArgs,
    PostgreSQLArgs,
    RestoreArgs,
    StandaloneArgs,
    ZalandoArgs,
)
from .backup_settings import BackupArchive, CnpgBackup, CnpgRestore
from .settings import (
    AdminCredentials,
    CnpgPostgres,
    ExternalPostgres,
    PostgresClientTls,
    StandalonePostgres,
    ZalandoPostgres,
)


def postgresql_args(translation: Translation) -> PostgreSQLArgs:
    """The arguments of the backend that the settings choose."""
    match translation.settings.postgresql:
        case StandalonePostgres() as chosen:
            return StandaloneArgs(
                **_server(translation, chosen),
                image=translation.image("postgresql"),
                tls_secret=chosen.tls.secret_name if chosen.tls else None,
            )
        case CnpgPostgres() as chosen:
            return CnpgArgs(
                **_server(translation, chosen),
                **translation.operated(chosen.operator_namespace),
                image=translation.image("cnpg_postgresql"),
                instances=chosen.instances,
                synchronous_replicas=chosen.synchronous_replicas,
                wal_storage=volume_claim(chosen.wal_storage) if chosen.wal_storage else None,
                anti_affinity=chosen.affinity.pod_anti_affinity_type,
                topology_key=chosen.affinity.topology_key,
                backup=_backup(translation, chosen.backup) if chosen.backup else None,
                restore=_restore(translation, chosen.restore) if chosen.restore else None,
                service_account_annotations=chosen.service_account_annotations,
                pod_monitor=chosen.pod_monitor,
            )
        case ZalandoPostgres() as chosen:
            return ZalandoArgs(
                **_server(translation, chosen),
                **translation.operated(chosen.operator_namespace),
                flavor=chosen.flavor,
                team=chosen.team_id,
                instances=chosen.instances,
                secret_name_template=chosen.secret_name_template,
                tls_secret=chosen.tls.secret_name if chosen.tls else None,
            )
        case ExternalPostgres() as chosen:
            return ExternalArgs(
                **translation.service(),
                client_image=translation.image("postgresql"),
                database=chosen.database,
                user=chosen.user,
                host=chosen.host,
                port=chosen.port,
                password=secret_key(chosen.password),
                tls=_client_tls(chosen.tls) if chosen.tls else None,
                admin=_admin(chosen.admin_credentials) if chosen.admin_credentials else None,
                peer=translation.peer(chosen.host, chosen.port, chosen.addresses),
                connections=needed_connections(translation.settings),
            )
        case unknown:
            assert_never(unknown)


def _server(translation: Translation, chosen: StandalonePostgres | CnpgPostgres | ZalandoPostgres) -> dict[str, Any]:
    return {
        **translation.service(chosen.scheduling),
        "client_image": translation.image("postgresql"),
        "database": chosen.database,
        "user": chosen.user,
        "version": chosen.version,
        "storage": volume_claim(chosen.storage),
        "resources": chosen.resources.to_kubernetes(),
        "parameters": chosen.parameters,
    }


def _backup(translation: Translation, backup: CnpgBackup) -> BackupArgs:
    return BackupArgs(
        **_archive(translation, backup),
        schedule=backup.schedule,
        retention=backup.retention,
        compression=None if backup.compression == "none" else backup.compression,
    )


def _restore(translation: Translation, restore: CnpgRestore) -> RestoreArgs:
    return RestoreArgs(**_archive(translation, restore), target_time=restore.target_time)


def _archive(translation: Translation, archive: BackupArchive) -> dict[str, Any]:
    credentials = archive.credentials
    return {
        "destination_path": archive.destination_path,
        "server_name": archive.server_name,
        "endpoint": archive.endpoint,
        "endpoint_ca": optional_secret_key(archive.endpoint_ca),
        "access_key_id": secret_key(credentials.access_key_id) if credentials else None,
        "secret_access_key": secret_key(credentials.secret_access_key) if credentials else None,
        "peer": translation.s3_peer(archive.endpoint, archive.addresses),
    }


def _client_tls(tls: PostgresClientTls) -> PostgresTls:
    return PostgresTls(mode=tls.mode, ca=optional_secret_key(tls.ca))


def _admin(admin: AdminCredentials) -> AdminArgs:
    return AdminArgs(user=admin.user, password=secret_key(admin.password), database=admin.database)
