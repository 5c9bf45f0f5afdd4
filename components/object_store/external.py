"""A store that somebody else runs: Amazon S3, Ceph RGW or any other that speaks S3."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pulumi

from ..connections import S3Connection
from ..kubernetes import network_policy, pods
from ..kubernetes.setup_job import SetupJob, run_setup_job
from .args import BucketGrant, ExternalArgs, S3Key
from .store import COMPONENT, RESOURCES, USER, Store, ca_files, ca_mounts, client_environment

CHECK_SCRIPT = Path(__file__).with_name("check.sh").read_text()
AMAZON = "https://s3.{region}.amazonaws.com"


def deploy(name: str, args: ExternalArgs, parent: pulumi.Resource) -> Store:
    """The connections, and on demand a job for each that tries it."""
    connections = {grant.name: _connection(args, grant) for grant in args.grants}
    if args.check:
        for grant in args.grants:
            _check(name, args, grant, parent)
    endpoint = pulumi.Output.from_input(args.endpoint) if args.endpoint else None
    return Store(connections=connections, endpoint=endpoint)


def _key(args: ExternalArgs, grant: BucketGrant) -> S3Key | None:
    return args.grant_keys.get(grant.name, args.key)


def _connection(args: ExternalArgs, grant: BucketGrant) -> S3Connection:
    key = _key(args, grant)
    return S3Connection(
        bucket=grant.bucket,
        region=args.region,
        endpoint=args.endpoint,
        prefix=grant.prefix,
        access_key_id=key.access_key_id if key else None,
        secret_access_key=key.secret_access_key if key else None,
        session_token=key.session_token if key else None,
        ca=args.ca,
        peer=args.peer,
    )


def _check(name: str, args: ExternalArgs, grant: BucketGrant, parent: pulumi.Resource) -> None:
    key = _key(args, grant)
    if key is None or "list" not in grant.actions:
        # The identity of Label Studio's pods is not the one of this job.
        return
    url = urlsplit(args.endpoint or AMAZON.format(region=args.region))
    token = [pods.secret_env("SESSION_TOKEN", key.session_token)] if key.session_token else []
    job = SetupJob(
        component=COMPONENT,
        image=args.client_image,
        user=USER,
        script=CHECK_SCRIPT,
        environment=[
            pods.secret_env("ACCESS_KEY", key.access_key_id),
            pods.secret_env("SECRET_KEY", key.secret_access_key),
            *token,
            pods.env("SCHEME", url.scheme),
            pods.env("ADDRESS", url.netloc),
            pods.env("BUCKET", grant.bucket),
            pods.env("PREFIX", grant.prefix),
            *client_environment(args.ca),
        ],
        files=ca_files(args.ca),
        mounts=ca_mounts(args.ca),
        resources=RESOURCES,
    )
    job_name = f"{name}-{grant.name}-check"
    network_policy.allow(job_name, args, parent, pods.selector(COMPONENT, job_name), peers=[args.peer])
    run_setup_job(job_name, args, job, parent)
