"""A PostgreSQL server that somebody else runs."""

from __future__ import annotations

import pulumi

from components.connections import PostgresConnection
from components.postgresql.args import ExternalArgs
from components.postgresql.setup import prepare_database


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
