"""PostgreSQL by several backends, all of which promise one connection."""

from __future__ import annotations

from typing import assert_never

import pulumi

from ..connections import PostgresConnection
from ..kubernetes.backing_service import component_inputs
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
from .cnpg import deploy as deploy_cnpg
from .external import deploy as deploy_external
from .standalone import deploy as deploy_standalone
from .zalando import deploy as deploy_zalando

__all__ = [
    "AdminArgs",
    "BackupArgs",
    "CnpgArgs",
    "ExternalArgs",
    "PostgreSQL",
    "PostgreSQLArgs",
    "RestoreArgs",
    "StandaloneArgs",
    "ZalandoArgs",
]


class PostgreSQL(pulumi.ComponentResource):
    """A server with Label Studio's database; ready when ``connection`` can be used."""

    connection: PostgresConnection

    def __init__(self, name: str, args: PostgreSQLArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("label-studio:postgresql:PostgreSQL", name, component_inputs(args), opts)
        match args:
            case StandaloneArgs():
                self.connection = deploy_standalone(name, args, self)
            case CnpgArgs():
                self.connection = deploy_cnpg(name, args, self)
            case ZalandoArgs():
                self.connection = deploy_zalando(name, args, self)
            case ExternalArgs():
                self.connection = deploy_external(name, args, self)
            case unknown:
                assert_never(unknown)
        self.register_outputs({"host": self.connection.host, "database": self.connection.database})
