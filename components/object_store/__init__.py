"""An S3 store by several backends: a connection for each grant, and root credentials for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import pulumi

from ..connections import S3Connection
from ..kubernetes.backing_service import component_inputs
from .args import (
    Action,
    BucketGrant,
    ExternalArgs,
    ObjectStoreArgs,
    PoolArgs,
    S3Key,
    StandaloneArgs,
    TenantArgs,
)
from .external import deploy as deploy_external
from .standalone import deploy as deploy_standalone
from .tenant import deploy as deploy_tenant

__all__ = [
    "Action",
    "BucketGrant",
    "ExternalArgs",
    "ObjectStore",
    "ObjectStoreArgs",
    "PoolArgs",
    "S3Key",
    "StandaloneArgs",
    "TenantArgs",
]


class ObjectStore(pulumi.ComponentResource):
    """``connections`` has one entry for each grant, by its name; ``endpoint`` is None for Amazon S3."""

    connections: Mapping[str, S3Connection]
    endpoint: pulumi.Output[str] | None

    def __init__(self, name: str, args: ObjectStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("label-studio:object_store:ObjectStore", name, component_inputs(args), opts)
        match args:
            case StandaloneArgs():
                store = deploy_standalone(name, args, self)
            case TenantArgs():
                store = deploy_tenant(name, args, self)
            case ExternalArgs():
                store = deploy_external(name, args, self)
            case unknown:
                assert_never(unknown)
        self.connections = store.connections
        self.endpoint = store.endpoint
        self.register_outputs({"endpoint": self.endpoint, "buckets": sorted({grant.bucket for grant in args.grants})})
