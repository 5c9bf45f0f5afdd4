"""An S3 store by several backends: a connection for each grant, and root credentials for nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import pulumi

from ..connections import S3Connection
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.context import StackContext
from ..kubernetes.retirement import Retirement
from .external import deploy as deploy_external
from .grants import UPLOADS, Action, BucketGrant, Reach, uploads_grant
from .settings import ExternalStore, ObjectStoreSettings, Pool, S3Credentials, StandaloneStore, TenantStore
from .standalone import deploy as deploy_standalone
from .tenant import deploy as deploy_tenant

__all__ = [
    "UPLOADS",
    "Action",
    "BucketGrant",
    "ExternalStore",
    "ObjectStore",
    "ObjectStoreSettings",
    "Pool",
    "Reach",
    "S3Credentials",
    "StandaloneStore",
    "TenantStore",
    "uploads_grant",
]


class ObjectStore(pulumi.ComponentResource):
    """``connections`` has one entry for each grant, by its name; ``endpoint`` is None for Amazon S3.

    ``retirements`` end the validity of former keys, once nothing uses them.
    """

    connections: Mapping[str, S3Connection]
    endpoint: pulumi.Output[str] | None
    retirements: Sequence[Retirement]

    def __init__(
        self,
        name: str,
        settings: ObjectStoreSettings,
        context: StackContext,
        grants: Sequence[BucketGrant],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = component_inputs(settings, context, grants=grants)
        super().__init__("label-studio:object_store:ObjectStore", name, inputs, opts)
        match settings:
            case StandaloneStore():
                store = deploy_standalone(name, settings, context.scheduled(settings.scheduling), grants, self)
            case TenantStore():
                store = deploy_tenant(name, settings, context, grants, self)
            case ExternalStore():
                store = deploy_external(name, settings, context, grants, self)
            case unknown:
                assert_never(unknown)
        self.connections = store.connections
        self.endpoint = store.endpoint
        self.retirements = store.retirements
        buckets = pulumi.Output.all(*(grant.bucket for grant in grants)).apply(lambda names: sorted(set(names)))
        self.register_outputs({"endpoint": self.endpoint, "buckets": buckets})
