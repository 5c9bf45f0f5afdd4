"""A PostgreSQL server that somebody else runs."""

from __future__ import annotations

import pulumi

from ..connections import PostgresConnection
from .args import ExternalArgs
from .setup import prepare_database


def deploy(name: str, args: ExternalArgs, parent: pulumi.Resource) -> PostgresConnection:
    """Makes the database as the administrator, or checks that it is there."""
    connection = PostgresConnection(
        host=args.host,
        port=args.port,
        database=args.database,
        user=args.user,
        password=args.password,
        tls=args.tls,
        peer=args.peer,
    )
    prepare_database(f"{name}-setup", args, connection, parent, admin=args.admin, connections=args.connections)
    return connection
