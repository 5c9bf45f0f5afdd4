"""Redis by several backends, all of which promise one connection, or none."""

from __future__ import annotations

from typing import assert_never

import pulumi

from ..connections import RedisConnection
from ..kubernetes.backing_service import component_inputs
from .alauda import deploy as deploy_alauda
from .args import AlaudaArgs, ExternalArgs, NoneArgs, RedisArgs, StandaloneArgs
from .standalone import deploy as deploy_standalone

__all__ = ["AlaudaArgs", "ExternalArgs", "NoneArgs", "Redis", "RedisArgs", "StandaloneArgs"]


class Redis(pulumi.ComponentResource):
    """A standalone server; ``connection`` is None where Label Studio has to do without one."""

    connection: RedisConnection | None

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("label-studio:redis:Redis", name, component_inputs(args), opts)
        match args:
            case StandaloneArgs():
                self.connection = deploy_standalone(name, args, self)
            case AlaudaArgs():
                self.connection = deploy_alauda(name, args, self)
            case ExternalArgs():
                self.connection = _external(args)
            case NoneArgs():
                self.connection = None
            case unknown:
                assert_never(unknown)
        self.register_outputs({"host": self.connection.host if self.connection else None})


def _external(args: ExternalArgs) -> RedisConnection:
    return RedisConnection(
        host=args.host,
        port=args.port,
        database=args.database,
        password=args.password,
        user=args.user,
        tls=args.tls,
        peer=args.peer,
    )
