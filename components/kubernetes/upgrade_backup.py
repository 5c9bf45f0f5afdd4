"""The backup of the database that an upgrade of Label Studio waits for, because migrations do not run backwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_kubernetes as k8s

from . import network_policy, pods
from .context import StackContext
from .network_policy import Egress
from .setup_job import SetupJob, run_setup_job

# As long as a dump or a base backup of a large database may take.
SECONDS = 3600
# What a backup is for, as a name of an object or a file may have it.
VERSION = "VERSION"
_OTHER = re.compile(r"[^a-z0-9.]+")
_LONGEST = 20


@dataclass(frozen=True, kw_only=True)
class BackupJob:
    """A job that makes a backup where the database holds anything; it is given the new version as ``VERSION``."""

    name: str
    job: SetupJob
    context: StackContext
    egress: Sequence[Egress]


@dataclass(frozen=True, kw_only=True)
class UpgradeBackup:
    """A job of the stack; or, without one, what to write into the stack file before migrations are let through.

    Neither where somebody has said that the backup is made elsewhere.
    """

    job: BackupJob | None = None
    advice: str = ""


def make_backup(
    backup: BackupJob, version: str, parent: pulumi.Resource, opts: pulumi.ResourceOptions
) -> k8s.batch.v1.Job:
    """Run the job once for each version of Label Studio, whatever else changes."""
    short = _OTHER.sub("-", version.lower())[:_LONGEST].strip("-.")
    job = replace(backup.job, environment=[*backup.job.environment, pods.env(VERSION, short)], once=True)
    selector = pods.selector(job.component, backup.name)
    network_policy.allow(backup.name, backup.context, parent, selector, egress=backup.egress)
    # A job that failed has the same name as the one in its place.
    again = pulumi.ResourceOptions(delete_before_replace=True)
    return run_setup_job(
        backup.name,
        backup.context,
        job,
        parent,
        resource_name=f"{backup.name}-{short}",
        opts=pulumi.ResourceOptions.merge(opts, again),
    )
