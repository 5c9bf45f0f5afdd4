"""Redis by several backends, all of which promise one connection, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import pulumi

from ..connections import RedisConnection
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.context import StackContext
from ..kubernetes.retirement import Retirement
from .alauda import deploy as deploy_alauda
from .external import connect
from .settings import AlaudaRedis, ExternalRedis, NoRedis, RedisSettings, StandaloneRedis
from .standalone import deploy as deploy_standalone

__all__ = ["AlaudaRedis", "ExternalRedis", "NoRedis", "Redis", "RedisSettings", "StandaloneRedis"]


class Redis(pulumi.ComponentResource):
    """A standalone server; ``connection`` is None where Label Studio has to do without one.

    ``retirements`` end the validity of a former password, once nothing uses it.
    """

    connection: RedisConnection | None
    retirements: Sequence[Retirement] = ()

    def __init__(
        self,
        name: str,
        settings: RedisSettings,
        context: StackContext,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("label-studio:redis:Redis", name, component_inputs(settings, context), opts)
        match settings:
            case StandaloneRedis():
                service = context.scheduled(settings.scheduling)
                self.connection, self.retirements = deploy_standalone(name, settings, service, self)
            case AlaudaRedis():
                self.connection = deploy_alauda(name, settings, context.scheduled(settings.scheduling), self)
            case ExternalRedis():
                self.connection = connect(settings, context)
            case NoRedis():
                self.connection = None
            case unknown:
                assert_never(unknown)
        self.register_outputs({"host": self.connection.host if self.connection else None})
