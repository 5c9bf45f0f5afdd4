"""Declared projects of Label Studio: their storages, their keys, and the jobs that keep them as they are declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import Peer, S3Connection, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.context import StackContext
from ..kubernetes.setup_job import SetupJob, run_setup_job, schedule_setup_job
from . import scripts
from .account import COMPONENT_OF_PROJECTS as COMPONENT
from .account import ProjectsAccount
from .args import Account, Page, ProjectStorage, Role, storage_peers
from .declaration import certificates, declaration, keys, webhook_secrets
from .exports import ExportJobs
from .grants import project_grants
from .job import REFUSED
from .models import ModelServers, declared_models
from .settings import ProjectSettings

__all__ = ["AnnotationProject", "ProjectSettings", "ProjectsAccount", "project_grants"]

# Of a job, which ends itself when a sync gets on no more: 100,000 new objects take about twenty minutes.
JOB_SECONDS = 14400


class AnnotationProject(pulumi.ComponentResource):
    """A project that is applied when its declaration changes, and synchronized by ``sync_job``.

    Without it, the project and its annotations stay in Label Studio: nothing here ever deletes them. ``receivers`` are
    those servers of its webhooks that page and workers may not reach otherwise, ``told_of_exports`` those that exports
    speak to. These write to ``archives``. ``model_urls`` are those of its model servers, and ``models_elsewhere`` where
    page and workers reach such as the stack does not run.
    """

    declaration_name: pulumi.Output[str]
    sync_job: pulumi.Output[str]
    export_jobs: Mapping[str, pulumi.Output[str]]

    def __init__(  # noqa: PLR0913 - what the jobs of a project need
        self,
        name: str,
        settings: ProjectSettings,
        context: StackContext,
        opts: ResourceOptions | None = None,
        *,
        storages: Mapping[Role, ProjectStorage],
        account: Account,
        page: Page,
        receivers: Sequence[Peer | None] = (),
        archives: S3Connection | None = None,
        told_of_exports: Sequence[Peer | None] = (),
        model_urls: Mapping[str, str] | None = None,
        models_elsewhere: Sequence[Peer | None] = (),
    ) -> None:
        inputs = component_inputs(settings, context, storages=storages)
        super().__init__("label-studio:annotation_project:AnnotationProject", name, inputs, opts)
        models = declared_models(settings.ml_backends, model_urls or {})
        declared = declaration(settings, storages, page, archives, models)
        converter = scripts.CONVERTER if settings.exports else {}
        files = scripts.script_map(name, context, self, {scripts.DECLARATION: declared, **converter})
        peers = storage_peers(storages.values())
        secrets = webhook_secrets(settings)
        job = _job(name, context, declared, storages=storages, account=account, page=page, secrets=secrets)
        sync = replace(job, script=scripts.command("apply", "sync source"))
        pages_and_workers = {"app.kubernetes.io/instance": page.release}
        # Each other peer is a server of the stack, which the jobs of all projects may reach.
        if outside := [peer for peer in peers if not isinstance(peer, ServerPods)]:
            for each in (name, f"{name}-sync"):
                network_policy.allow(each, context, self, pods.selector(COMPONENT, each), peers=outside)
            # Label Studio's own rules know nothing of S3 accounts that are a project's alone.
            network_policy.allow(f"{name}-storages", context, self, pages_and_workers, peers=outside)
        if receivers:
            network_policy.allow(f"{name}-webhooks", context, self, pages_and_workers, peers=receivers)
        if models_elsewhere:
            network_policy.allow(f"{name}-models", context, self, pages_and_workers, peers=models_elsewhere)
        servers = ModelServers(stack=page.release, project=settings.name, page=page, storages=storages)
        made = servers.make(settings.ml_backends, context, self)
        run_setup_job(name, context, job, self, [files, *made, *scripts.dependencies(opts)])
        cron = schedule_setup_job(f"{name}-sync", context, sync, self, settings.schedule)
        self.declaration_name = files.metadata.apply(lambda metadata: str(metadata.name))
        self.sync_job = cron.metadata.apply(lambda metadata: str(metadata.name))
        self.export_jobs = {}
        if archives:
            jobs = ExportJobs(
                name=name, page=page, storages=storages, archives=archives, receivers=told_of_exports, secrets=secrets
            )
            crons = {export.title: jobs.make(export, context, self) for export in settings.exports}
            self.export_jobs = {title: it.metadata.apply(lambda data: str(data.name)) for title, it in crons.items()}
        outputs = {"declaration": self.declaration_name, "syncJob": self.sync_job, "exportJobs": self.export_jobs}
        self.register_outputs(outputs)


def _job(  # noqa: PLR0913 - what its environment says
    name: str,
    context: StackContext,
    declared: pulumi.Output[str],
    *,
    storages: Mapping[Role, ProjectStorage],
    account: Account,
    page: Page,
    secrets: Sequence[k8s.core.v1.EnvVarArgsDict],
) -> SetupJob:
    """The job that applies the declaration."""
    volumes, mounts = certificates({role: it.connection for role, it in storages.items()})
    return SetupJob(
        component=COMPONENT,
        image=context.image("label_studio"),
        user=page.user,
        script=scripts.command("apply", "apply"),
        environment=[
            *scripts.environment(page, context),
            pods.env("DECLARATION", f"{scripts.DIRECTORY}/{scripts.DECLARATION}"),
            # Servers other than Amazon's know no checksums in trailers.
            pods.env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
            pods.secret_env("ACCOUNT_EMAIL", account.email),
            pods.secret_env("ACCOUNT_PASSWORD", account.password),
            *keys(storages),
            *secrets,
        ],
        files=[scripts.script_volume(name, scripts.DECLARATION), *volumes],
        mounts=[scripts.script_mount(), *mounts],
        triggers=[declared, scripts.DIGEST],
        resources=scripts.RESOURCES,
        fatal_exit_code=REFUSED,
        seconds=JOB_SECONDS,
    )
