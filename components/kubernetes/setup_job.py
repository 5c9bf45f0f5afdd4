"""Jobs that bring a server into the state that Label Studio needs, and may be repeated at any time."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, ResourceOptions

from . import names, pods
from .context import StackContext

SECONDS_TO_LIVE = 900
DIGEST = 10
CONTAINER = "setup"
# Of a CronJob that is there only to be run by hand.
NEVER = "@yearly"
# Attempts are made within the pod: Pulumi's provider notices that a Job failed only if that was its last pod, and would
# wait for its whole timeout after a pod failure policy. The script is $1, the exit code of a refusal $2. The first
# pauses are short: many clusters apply network policies a moment after a pod has started, and reject its first request.
RETRY = """\
for pause in 1 2 4 8 15 30 60; do
  code=0; sh -c "$1" || code=$?
  [ "$code" != 0 ] || exit 0
  [ "$code" != "$2" ] || exit "$code"
  echo "Trying again in $pause seconds." >&2
  sleep "$pause"
done
exec sh -c "$1"
"""
# A pod that its node gives up, or that somebody drains away, is no answer of the script.
DISRUPTED: k8s.batch.v1.PodFailurePolicyArgsDict = {
    "rules": [{"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}


@dataclass(frozen=True, kw_only=True)
class SetupJob:
    """What a job runs: a script for ``sh``, which gets secrets through its environment only.

    A change of ``triggers`` runs the job again, as does every change of the job itself, or of ``passwords``: random
    ones, since they key the digest in the name of the job, from which nobody can tell them. A script that fails is
    tried again, unless it is not to be ``retried`` or its exit code is ``fatal_exit_code``: it has found something that
    only a person can fix. ``service_account`` is one that may ask the API server. The job has ``seconds`` for all of
    it. One that runs ``once`` runs again only as another resource, whatever else changes.

    The group of the ``user`` has its number, unless the image's files are for the ``group_of_image``; None is assigned
    by the platform.
    """

    component: str
    image: pulumi.Input[str]
    user: int | None
    script: str
    environment: Sequence[k8s.core.v1.EnvVarArgsDict]
    files: Sequence[k8s.core.v1.VolumeArgsDict] = ()
    mounts: Sequence[k8s.core.v1.VolumeMountArgsDict] = ()
    triggers: Sequence[pulumi.Input[str]] = ()
    passwords: Sequence[pulumi.Input[str]] = ()
    resources: pods.ResourceRequirements = field(default_factory=lambda: pods.JOB_RESOURCES)
    fatal_exit_code: int | None = None
    retried: bool = True
    service_account: pulumi.Input[str] | None = None
    seconds: int = SECONDS_TO_LIVE
    once: bool = False
    group_of_image: bool = False


def run_setup_job(  # noqa: PLR0913 - what resources wait for comes as objects, or as options
    name: str,
    context: StackContext,
    job: SetupJob,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
    *,
    resource_name: str | None = None,
    opts: ResourceOptions | None = None,
) -> k8s.batch.v1.Job:
    """A job whose object name has a digest of what it does: a change makes a new job, and no change runs nothing.

    Its ``resource_name`` is that of the resource of Pulumi, if that is another than the ``name``. It has no time to
    live, because an expired job would look like one that has to run again.
    """
    labels = pods.labels(job.component, name)
    # The Job ends itself after its seconds, with or without a pod; the rest is for Pulumi to notice.
    timeout = f"{job.seconds + 60}s"
    pod = _pod(context, job)
    content = context.contents.annotations(pod)
    digest = pulumi.Output.all([pod, content], list(job.triggers), list(job.passwords)).apply(_digest)
    return k8s.batch.v1.Job(
        resource_name or name,
        metadata={
            "name": pulumi.Output.concat(
                names.fitted(name, names.LABEL - DIGEST - 1), "-", pulumi.Output.unsecret(digest)
            ),
            "namespace": context.namespace,
            "labels": labels,
            # A job that failed never runs again; the next update makes a new one in its place.
            "annotations": {"pulumi.com/replaceUnready": "true"},
        },
        spec=_job_spec(job, labels, pod, content),
        opts=ResourceOptions.merge(
            opts,
            ResourceOptions(
                parent=parent,
                depends_on=list(after),
                custom_timeouts=CustomTimeouts(create=timeout, update=timeout),
                ignore_changes=["metadata", "spec"] if job.once else None,
            ),
        ),
    )


def schedule_setup_job(
    name: str, context: StackContext, job: SetupJob, parent: pulumi.Resource, schedule: str | None
) -> k8s.batch.v1.CronJob:
    """A CronJob of the same work, one at a time; without a schedule, jobs are made of it by hand only."""
    labels = pods.labels(job.component, name)
    pod = _pod(context, job)
    return k8s.batch.v1.CronJob(
        name,
        metadata={"name": names.fitted(name, names.WORKLOAD), "namespace": context.namespace, "labels": labels},
        spec={
            "schedule": schedule or NEVER,
            "suspend": schedule is None,
            "concurrency_policy": "Forbid",
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 1,
            "job_template": {
                "metadata": {"labels": labels},
                "spec": _job_spec(job, labels, pod, context.contents.annotations(pod)),
            },
        },
        opts=ResourceOptions(parent=parent),
    )


def _job_spec(
    job: SetupJob,
    labels: Mapping[str, str],
    pod: k8s.core.v1.PodSpecArgsDict,
    annotations: Mapping[str, pulumi.Input[str]],
) -> k8s.batch.v1.JobSpecArgsDict:
    """The specification of a job, for one that Pulumi waits for as well as for those of a schedule."""
    return {
        "backoff_limit": 0,
        "pod_failure_policy": DISRUPTED,
        "active_deadline_seconds": job.seconds,
        "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
    }


def _pod(context: StackContext, job: SetupJob) -> k8s.core.v1.PodSpecArgsDict:
    """The pod of a job, which has secrets in its environment only and a folder to write to."""
    container: k8s.core.v1.ContainerArgsDict = {
        "name": CONTAINER,
        "image": job.image,
        "command": ["sh", "-c", RETRY, "setup", job.script, str(job.fatal_exit_code)]
        if job.retried
        else ["sh", "-c", job.script],
        "env": [pods.env("HOME", "/tmp"), *job.environment],  # noqa: S108 - a volume of the pod alone
        "resources": pods.resources(job.resources),
        "security_context": pods.container_security(),
        "volume_mounts": [pods.mount("tmp", "/tmp"), *job.mounts],  # noqa: S108
        "termination_message_policy": "FallbackToLogsOnError",
    }
    pod: k8s.core.v1.PodSpecArgsDict = {
        **pods.pod_spec(context.placement, _security(context, job), [container], [pods.scratch("tmp"), *job.files]),
        "restart_policy": "Never",
    }
    if job.service_account is not None:
        pod |= {"service_account_name": job.service_account, "automount_service_account_token": True}
    return pod


def _security(context: StackContext, job: SetupJob) -> k8s.core.v1.PodSecurityContextArgsDict:
    if job.user is None or job.group_of_image:
        return pods.user_security(context.user(job.user))
    return context.pod_security(job.user)


def _digest(inputs: Sequence[Any]) -> str:
    *shown, passwords = inputs
    key = json.dumps(passwords).encode()
    return hmac.new(key, json.dumps(shown, sort_keys=True).encode(), "sha256").hexdigest()[:DIGEST]
