"""The config key ``objectStore`` as arguments of the component, with who may use which bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from ..stack.context import Translation, optional_secret_key, secret_key, tolerations, volume_claim
from ..stack.settings import Settings
from .args import (
    BucketGrant,
    ExternalArgs,
    ObjectStoreArgs,
    PoolArgs,
    S3Key,
    StandaloneArgs,
    TenantArgs,
)
from .settings import ExternalStore, Pool, S3Credentials, StandaloneStore, TenantStore

UPLOADS = "uploads"
"""The grant with which Label Studio keeps uploads and exports."""


def uploads_grant(settings: Settings) -> BucketGrant:
    """Everything below the root of the uploads bucket, and nothing outside of it."""
    return BucketGrant(name=UPLOADS, bucket=settings.object_store.bucket, actions=("list", "read", "write", "delete"))


def object_store_args(translation: Translation, grants: Sequence[BucketGrant]) -> ObjectStoreArgs:
    """The arguments of the backend that the settings choose."""
    match translation.settings.object_store:
        case StandaloneStore() as chosen:
            return StandaloneArgs(
                **_minio(translation, chosen, grants),
                placement=translation.placement(chosen.scheduling),
                storage=volume_claim(chosen.storage),
                resources=chosen.resources.to_kubernetes(),
            )
        case TenantStore() as chosen:
            return TenantArgs(
                **_minio(translation, chosen, grants),
                **translation.operated(chosen.operator_namespace),
                placement=translation.placement(),
                pools=[_pool(pool) for pool in chosen.pools],
            )
        case ExternalStore() as chosen:
            return ExternalArgs(
                **translation.service(),
                client_image=translation.image("minio_client"),
                grants=grants,
                region=chosen.region,
                endpoint=chosen.endpoint,
                ca=optional_secret_key(chosen.ca),
                key=_key(chosen.credentials) if chosen.credentials else None,
                grant_keys={name: _key(credentials) for name, credentials in chosen.grant_credentials.items()},
                check=chosen.check,
                peer=translation.s3_peer(chosen.endpoint, chosen.addresses),
            )
        case unknown:
            assert_never(unknown)


def _minio(
    translation: Translation, chosen: StandaloneStore | TenantStore, grants: Sequence[BucketGrant]
) -> dict[str, Any]:
    service: dict[str, Any] = {**translation.service()}
    del service["placement"]
    return {
        **service,
        "client_image": translation.image("minio_client"),
        "image": translation.image("minio"),
        "grants": grants,
        "region": chosen.region,
        "versioning": chosen.versioning,
        "tls_secret": chosen.tls.secret_name if chosen.tls else None,
    }


def _pool(pool: Pool) -> PoolArgs:
    return PoolArgs(
        name=pool.name,
        servers=pool.servers,
        volumes_per_server=pool.volumes_per_server,
        storage=volume_claim(pool.storage),
        resources=pool.resources.to_kubernetes(),
        node_selector=pool.scheduling.node_selector,
        tolerations=tolerations(pool.scheduling),
    )


def _key(credentials: S3Credentials) -> S3Key:
    return S3Key(
        access_key_id=secret_key(credentials.access_key_id),
        secret_access_key=secret_key(credentials.secret_access_key),
        session_token=optional_secret_key(credentials.session_token),
    )
