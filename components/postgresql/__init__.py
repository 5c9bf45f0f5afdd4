"""PostgreSQL by several backends, all of which promise one connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import pulumi

from ..connections import PostgresConnection
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.context import StackContext
from ..kubernetes.retirement import Retirement
from ..kubernetes.upgrade_backup import UpgradeBackup
from .cnpg import deploy as deploy_cnpg
from .external import deploy as deploy_external
from .settings import CnpgPostgres, ExternalPostgres, PostgresSettings, StandalonePostgres, ZalandoPostgres
from .standalone import deploy as deploy_standalone
from .zalando import deploy as deploy_zalando

__all__ = [
    "CnpgPostgres",
    "ExternalPostgres",
    "PostgreSQL",
    "PostgresSettings",
    "StandalonePostgres",
    "ZalandoPostgres",
]


class PostgreSQL(pulumi.ComponentResource):
    """A server with Label Studio's database; ready when ``connection`` can be used.

    ``connections`` are what Label Studio opens at most, which the set-up job of an external server compares with what
    that server allows; 0 compares nothing. ``retirements`` end the validity of a former password, once nothing uses it.
    ``upgrade_backup`` is what an upgrade of Label Studio waits for.
    """

    connection: PostgresConnection
    upgrade_backup: UpgradeBackup
    retirements: Sequence[Retirement] = ()

    def __init__(
        self,
        name: str,
        settings: PostgresSettings,
        context: StackContext,
        opts: pulumi.ResourceOptions | None = None,
        *,
        connections: int = 0,
    ) -> None:
        further = {"connections": connections} if isinstance(settings, ExternalPostgres) else {}
        inputs = component_inputs(settings, context, **further)
        super().__init__("label-studio:postgresql:PostgreSQL", name, inputs, opts)
        match settings:
            case StandalonePostgres():
                service = context.scheduled(settings.scheduling)
                self.connection, self.upgrade_backup, self.retirements = deploy_standalone(
                    name, settings, service, self
                )
            case CnpgPostgres():
                service = context.scheduled(settings.scheduling)
                self.connection, self.upgrade_backup, self.retirements = deploy_cnpg(name, settings, service, self)
            case ZalandoPostgres():
                service = context.scheduled(settings.scheduling)
                self.connection, self.upgrade_backup = deploy_zalando(name, settings, service, self)
            case ExternalPostgres():
                self.connection, self.upgrade_backup = deploy_external(name, settings, context, self, connections)
            case unknown:
                assert_never(unknown)
        self.register_outputs({"host": self.connection.host, "database": self.connection.database})
