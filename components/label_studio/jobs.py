"""Jobs that run a file of the settings directory in Label Studio's image, with all that its containers are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..kubernetes import network_policy, pods
from ..kubernetes.setup_job import SetupJob, run_setup_job
from . import environment, mounts
from .args import LabelStudioArgs
from .values import Values

MEMORY = "320Mi"


def run_file(  # noqa: PLR0913 - what its pod needs
    job_name: str,
    args: LabelStudioArgs,
    *,
    component: str,
    file: str,
    values: Values,
    settings_map: str,
    parent: pulumi.Resource,
    opts: pulumi.ResourceOptions,
    variables: Sequence[k8s.core.v1.EnvVarArgsDict] = (),
    **how: Any,
) -> k8s.batch.v1.Job:
    """The job; ``variables`` are further ones of its container, ``how`` further members of its ``SetupJob``."""
    job = SetupJob(
        component=component,
        image=args.image,
        # As the page has it.
        user=args.settings.run_as_user,
        group_of_image=True,
        script=mounts.command_of(file),
        environment=[*environment.container_environment(values["global"]), *variables],
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
        resources=_resources(args),
        **how,
    )
    peers = [args.postgresql.peer, *([args.redis.peer] if args.redis else [])]
    network_policy.allow(job_name, args.context, parent, pods.selector(component, job_name), peers=peers)
    return run_setup_job(job_name, args.context, job, parent, opts=opts)


def _resources(args: LabelStudioArgs) -> pods.ResourceRequirements:
    """Those of the migration with less memory to find beside the pods that run: a start of Django needs 300 MiB."""
    resources = args.settings.migration_resources.to_kubernetes()
    return {**resources, "requests": {**resources["requests"], "memory": MEMORY}}
