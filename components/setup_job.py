"""Jobs that bring a server into the state that Label Studio needs, and may be repeated at any time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, ResourceOptions

from components import pods
from components.service import ServiceArgs

SECONDS_TO_LIVE = 900
CONTAINER = "setup"


@dataclass(frozen=True, kw_only=True)
class SetupJob:
    """What a job runs: a script for ``sh``, which gets secrets through its environment only.

    A change of ``triggers`` runs the job again, as does every change of the job itself. After the exit code
    ``refusal`` it is not tried again: the script has found something that only a person can mend.
    """

    component: str
    image: pulumi.Input[str]
    user: int
    script: str
    environment: Sequence[k8s.core.v1.EnvVarArgsDict]
    files: Sequence[k8s.core.v1.VolumeArgsDict] = ()
    mounts: Sequence[k8s.core.v1.VolumeMountArgsDict] = ()
    triggers: Sequence[pulumi.Input[str]] = ()
    resources: pods.ResourceRequirements = field(default_factory=lambda: pods.JOB_RESOURCES)
    refusal: int | None = None


def run_setup_job(
    name: str, args: ServiceArgs, job: SetupJob, parent: pulumi.Resource, after: Sequence[pulumi.Resource] = ()
) -> k8s.batch.v1.Job:
    """A job whose object name has a digest of what it does: a change makes a new job, and no change runs nothing.

    It has no time to live, because an expired job would look like one that has to run again.
    """
    labels = pods.labels(job.component, name)
    pod = setup_pod(args, job)
    digest = pulumi.Output.all(pod, list(job.triggers)).apply(_digest)
    return k8s.batch.v1.Job(
        name,
        metadata={
            "name": pulumi.Output.concat(name, "-", pulumi.Output.unsecret(digest)),
            "namespace": args.namespace,
            "labels": labels,
            # A job that failed never runs again; the next update makes a new one in its place.
            "annotations": {"pulumi.com/replaceUnready": "true"},
        },
        spec=setup_job_spec(job, labels, pod),
        opts=ResourceOptions(
            parent=parent, depends_on=list(after), custom_timeouts=CustomTimeouts(create="20m", update="20m")
        ),
    )


def setup_job_spec(
    job: SetupJob, labels: Mapping[str, str], pod: k8s.core.v1.PodSpecArgsDict
) -> k8s.batch.v1.JobSpecArgsDict:
    """The specification of a job, for one that Pulumi waits for as well as for those of a schedule."""
    spec: k8s.batch.v1.JobSpecArgsDict = {
        "backoff_limit": 4,
        "active_deadline_seconds": SECONDS_TO_LIVE,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if job.refusal is not None:
        exit_codes: Any = {"containerName": CONTAINER, "operator": "In", "values": [job.refusal]}
        spec["pod_failure_policy"] = {"rules": [{"action": "FailJob", "on_exit_codes": exit_codes}]}
    return spec


def setup_pod(args: ServiceArgs, job: SetupJob) -> k8s.core.v1.PodSpecArgsDict:
    """The pod of a job, which has secrets in its environment only and a folder to write to."""
    container: k8s.core.v1.ContainerArgsDict = {
        "name": CONTAINER,
        "image": job.image,
        "command": ["sh", "-c", job.script],
        "env": [pods.env("HOME", "/tmp"), *job.environment],  # noqa: S108 - a volume of the pod alone
        "resources": pods.resources(job.resources),
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
