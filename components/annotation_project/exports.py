"""The CronJobs of scheduled exports: one for each format, in the image of Label Studio, which has the converter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from ..connections import Peer, S3Connection, ServerPods, each_once
from ..kubernetes import network_policy, pods
from ..kubernetes.context import StackContext
from ..kubernetes.setup_job import SetupJob, schedule_setup_job
from . import scripts
from .account import COMPONENT_OF_PROJECTS as COMPONENT
from .args import Page, ProjectStorage, Role
from .declaration import certificates, keys_of
from .export_settings import ExportSettings
from .grants import ARCHIVES
from .job import REFUSED

FOLDER = "/export"
# A conversion to COCO was seen to take 144 MiB for 20,000 annotations and 140 for 2,000. As many annotations as are
# downloaded at once are in memory besides, each of which may be a large mask.
RESOURCES: pods.ResourceRequirements = {
    "requests": {"cpu": "100m", "memory": "512Mi"},
    "limits": {"cpu": "1", "memory": "512Mi"},
}
# A conversion with much data; what is not done by then ends with the reason.
JOB_SECONDS = 6 * 3600


@dataclass(frozen=True, kw_only=True)
class ExportJobs:
    """What the exports of one project share; ``name`` is the one of the project's objects.

    ``receivers`` are the servers of webhooks that want to be told, ``secrets`` the variables with their secrets.
    """

    name: str
    page: Page
    storages: Mapping[Role, ProjectStorage]
    archives: S3Connection
    receivers: Sequence[Peer | None]
    secrets: Sequence[k8s.core.v1.EnvVarArgsDict]

    def make(self, export: ExportSettings, context: StackContext, parent: pulumi.Resource) -> k8s.batch.v1.CronJob:
        """The CronJob, and a network policy where it needs more than the jobs of all projects may reach."""
        name = f"{self.name}-export-{export.title.lower().replace('_', '-')}"
        job = self._job(export, context)
        peers = [it.connection.peer for it in self.storages.values()]
        wanted = [*(peer for peer in peers if not isinstance(peer, ServerPods)), *self.receivers]
        if not isinstance(self.archives.peer, ServerPods):
            wanted.append(self.archives.peer)
        if wanted:
            selector = pods.selector(COMPONENT, name)
            network_policy.allow(name, context, parent, selector, peers=each_once(wanted))
        return schedule_setup_job(name, context, job, parent, export.schedule)

    def _job(self, export: ExportSettings, context: StackContext) -> SetupJob:
        connections = {
            "export": self.storages["target"].user_connection,
            "source": self.storages["source"].connection,
            ARCHIVES: self.archives,
        }
        # The declaration names the certificates by the roles of the storages.
        volumes, mounts = certificates({**_of_storages(self.storages), ARCHIVES: self.archives})
        options = ["--with-data"] if export.with_data else []
        return SetupJob(
            component=COMPONENT,
            image=context.image("label_studio"),
            user=self.page.user,
            script=scripts.command("export", export.format, *options, f"--keep {export.keep} --folder {FOLDER}"),
            environment=[
                *scripts.environment(self.page, context),
                pods.env("DECLARATION", f"{scripts.DIRECTORY}/{scripts.DECLARATION}"),
                pods.env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
                # Converters write their temporary files there.
                pods.env("TMPDIR", FOLDER),
                *keys_of(connections),
                *self.secrets,
            ],
            files=[
                scripts.script_volume(self.name, scripts.DECLARATION, converter=True),
                pods.scratch("export", export.scratch_size),
                *volumes,
            ],
            mounts=[scripts.script_mount(), pods.mount("export", FOLDER), *mounts],
            resources=RESOURCES,
            fatal_exit_code=REFUSED,
            seconds=JOB_SECONDS,
        )


def _of_storages(storages: Mapping[Role, ProjectStorage]) -> dict[str, S3Connection]:
    return {role: storage.connection for role, storage in storages.items()}
