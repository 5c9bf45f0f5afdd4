"""PostgreSQL by several backends, all of which promise one connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import pulumi

from ..connections import PostgresConnection
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.context import StackContext
from ..kubernetes.retirement import Retirement
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
    """

    connection: PostgresConnection
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
                self.connection, self.retirements = deploy_standalone(name, settings, service, self)
            case CnpgPostgres():
                self.connection = deploy_cnpg(name, settings, context.scheduled(settings.scheduling), self)
            case ZalandoPostgres():
                self.connection = deploy_zalando(name, settings, context.scheduled(settings.scheduling), self)
            case ExternalPostgres():
                self.connection = deploy_external(name, settings, context, self, connections)
            case unknown:
                assert_never(unknown)
        self.register_outputs({"host": self.connection.host, "database": self.connection.database})
