"""Jobs that bring a server into the state that Label Studio needs, and may be repeated at any time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, ResourceOptions

from components import pods
from components.service import ServiceArgs

SECONDS_TO_LIVE = 900


@dataclass(frozen=True, kw_only=True)
class SetupJob:
    """What a job runs: a script for ``sh``, which gets secrets through its environment only.

    A change of ``triggers`` runs the job again, as does every change of the job itself.
    """

    component: str
    image: pulumi.Input[str]
    user: int
    script: str
    environment: Sequence[k8s.core.v1.EnvVarArgsDict]
    files: Sequence[k8s.core.v1.VolumeArgsDict] = ()
    mounts: Sequence[k8s.core.v1.VolumeMountArgsDict] = ()
    triggers: Sequence[pulumi.Input[str]] = ()


def run_setup_job(
    name: str, args: ServiceArgs, job: SetupJob, parent: pulumi.Resource, after: Sequence[pulumi.Resource] = ()
) -> k8s.batch.v1.Job:
    """A job whose object name has a digest of what it does: a change makes a new job, and no change runs nothing.

    It has no time to live, because an expired job would look like one that has to run again.
    """
    labels = pods.labels(job.component, name)
    pod = _pod(args, job)
    digest = pulumi.Output.all(pod, list(job.triggers)).apply(_digest)
    return k8s.batch.v1.Job(
        name,
        metadata={
            "name": pulumi.Output.concat(name, "-", pulumi.Output.unsecret(digest)),
            "namespace": args.namespace,
            "labels": labels,
        },
        spec={
            "backoff_limit": 4,
            "active_deadline_seconds": SECONDS_TO_LIVE,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
        opts=ResourceOptions(
            parent=parent, depends_on=list(after), custom_timeouts=CustomTimeouts(create="20m", update="20m")
        ),
    )


def _pod(args: ServiceArgs, job: SetupJob) -> k8s.core.v1.PodSpecArgsDict:
    container: k8s.core.v1.ContainerArgsDict = {
        "name": "setup",
        "image": job.image,
        "command": ["sh", "-c", job.script],
        "env": [pods.env("HOME", "/tmp"), *job.environment],  # noqa: S108 - a volume of the pod alone
        "resources": pods.resources(pods.JOB_RESOURCES),
        "security_context": pods.container_security(),
        "volume_mounts": [pods.mount("tmp", "/tmp"), *job.mounts],  # noqa: S108
        "termination_message_policy": "FallbackToLogsOnError",
    }
    return {
        **pods.pod_spec(args.placement, pods.pod_security(job.user), [container], [pods.scratch("tmp"), *job.files]),
        "restart_policy": "Never",
    }


def _digest(inputs: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:10]
