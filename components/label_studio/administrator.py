"""The job that gives the first administrator another password: Label Studio sets one only as it makes the account."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from ..connections import SecretKey
from ..kubernetes import network_policy, pods
from ..kubernetes.setup_job import SetupJob, run_setup_job
from . import environment, mounts
from .args import LabelStudioArgs
from .values import Values

COMPONENT = "administrator-password"
# The user of Label Studio's image.
IMAGE_USER = 1001
SCRIPT = mounts.command_of("administrator_password.py")


def set_password(  # noqa: PLR0913 - what its pod needs
    name: str,
    args: LabelStudioArgs,
    *,
    values: Values,
    password: SecretKey,
    settings_map: str,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> None:
    """Run it once the page has its database."""
    # Not again for another image or database password: somebody may have changed the password since.
    job_name = f"{name}-administrator-{args.context.rotation.administrator}"
    job = SetupJob(
        component=COMPONENT,
        image=args.image,
        user=args.settings.run_as_user or IMAGE_USER,
        script=SCRIPT,
        once=True,
        environment=[
            *environment.container_environment(values["global"]),
            pods.env("LABEL_STUDIO_USERNAME", args.settings.administrator.email),
            pods.secret_env("LABEL_STUDIO_PASSWORD", password),
        ],
        files=[
            {"name": "data", "empty_dir": {}},
            *mounts.redis_certificates(args),
            *mounts.volumes(args, settings_map),
        ],
        mounts=[
            pods.mount("data", mounts.DATA),
            *mounts.redis_certificate_mounts(args),
            *mounts.mounts(args),
        ],
        resources=args.settings.migration_resources.to_kubernetes(),
    )
    peers = [args.postgresql.peer, *([args.redis.peer] if args.redis else [])]
    network_policy.allow(job_name, args.context, parent, pods.selector(COMPONENT, job_name), peers=peers)
    run_setup_job(job_name, args.context, job, parent, after)
