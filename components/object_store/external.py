"""A store outside of the stack: Amazon S3, Ceph RGW or any other that speaks S3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pulumi

from ..connections import S3Connection
from ..kubernetes import network_policy, pods
from ..kubernetes.context import StackContext
from ..kubernetes.setup_job import SetupJob, run_setup_job
from ..settings.network import AMAZON
from .grants import BucketGrant
from .settings import ExternalStore, S3Credentials
from .store import COMPONENT, RESOURCES, USER, Store, ca_files, ca_mounts, client_environment

CHECK_SCRIPT = Path(__file__).with_name("check.sh").read_text()


def deploy(
    name: str, settings: ExternalStore, context: StackContext, grants: Sequence[BucketGrant], parent: pulumi.Resource
) -> Store:
    """The connections, and on demand a job for each that tries it."""
    connections = {grant.name: _connection(settings, context, grant) for grant in grants}
    if settings.check:
        for grant in grants:
            _check(name, settings, context, grant, parent)
    endpoint = None if settings.endpoint is None else pulumi.Output.from_input(settings.endpoint)
    return Store(connections=connections, endpoint=endpoint)


def _key(settings: ExternalStore, grant: BucketGrant) -> S3Credentials | None:
    return settings.grant_credentials.get(grant.name, settings.credentials)


def _connection(settings: ExternalStore, context: StackContext, grant: BucketGrant) -> S3Connection:
    key = _key(settings, grant)
    return S3Connection(
        bucket=grant.bucket,
        region=settings.region,
        endpoint=settings.endpoint,
        prefix=grant.prefix,
        access_key_id=key.access_key_id.key if key else None,
        secret_access_key=key.secret_access_key.key if key else None,
        session_token=key.session_token.key if key and key.session_token else None,
        ca=settings.ca.key if settings.ca else None,
        peer=context.s3_peer(settings.endpoint, settings.addresses),
    )


def _check(
    name: str, settings: ExternalStore, context: StackContext, grant: BucketGrant, parent: pulumi.Resource
) -> None:
    key = _key(settings, grant)
    if key is None or "list" not in grant.actions:
        # The identity of Label Studio's pods is not the one of this job.
        return
    endpoint = AMAZON.format(region=settings.region) if settings.endpoint is None else settings.endpoint
    url = pulumi.Output.from_input(endpoint).apply(urlsplit)
    token = [pods.secret_env("SESSION_TOKEN", key.session_token.key)] if key.session_token else []
    ca = settings.ca.key if settings.ca else None
    job = SetupJob(
        component=COMPONENT,
        image=context.image("minio_client"),
        user=USER,
        script=CHECK_SCRIPT,
        environment=[
            pods.secret_env("ACCESS_KEY", key.access_key_id.key),
            pods.secret_env("SECRET_KEY", key.secret_access_key.key),
            *token,
            pods.env("SCHEME", url.apply(lambda parts: parts.scheme)),
            pods.env("ADDRESS", url.apply(lambda parts: parts.netloc)),
            pods.env("BUCKET", grant.bucket),
            pods.env("PREFIX", grant.prefix),
            *client_environment(ca),
        ],
        files=ca_files(ca),
        mounts=ca_mounts(ca),
        resources=RESOURCES,
    )
    job_name = f"{name}-{grant.name}-check"
    peer = context.s3_peer(settings.endpoint, settings.addresses)
    network_policy.allow(job_name, context, parent, pods.selector(COMPONENT, job_name), peers=[peer])
    run_setup_job(job_name, context, job, parent)
