"""PostgreSQL by several backends, all of which promise one connection."""

from __future__ import annotations

from typing import assert_never

import pulumi

from components.connections import PostgresConnection
from components.postgresql.args import (
    AdminArgs,
    BackupArgs,
    CnpgArgs,
    ExternalArgs,
    PostgreSQLArgs,
    RestoreArgs,
    StandaloneArgs,
    ZalandoArgs,
)
from components.postgresql.cnpg import deploy as deploy_cnpg
from components.postgresql.external import deploy as deploy_external
from components.postgresql.standalone import deploy as deploy_standalone
from components.postgresql.zalando import deploy as deploy_zalando
from components.service import component_inputs

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
