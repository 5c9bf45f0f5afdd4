"""Declared projects of Label Studio: their storages, their keys, and the jobs that keep them as they are declared."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import Peer, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.names import WORKLOAD, fitted
from ..kubernetes.setup_job import SetupJob, run_setup_job, setup_job_spec, setup_pod
from . import scripts
from .account import ProjectsAccount
from .args import Account, AccountArgs, AnnotationProjectArgs, StorageArgs
from .declaration import certificates, declaration, keys
from .grants import bucket_grants
from .job import REFUSED

__all__ = [
    "Account",
    "AccountArgs",
    "AnnotationProject",
    "AnnotationProjectArgs",
    "ProjectsAccount",
    "StorageArgs",
    "bucket_grants",
]

COMPONENT = "annotation-project"
# Of a CronJob that is there only to be run by hand.
NEVER = "@yearly"


class AnnotationProject(pulumi.ComponentResource):
    """A project that is applied when its declaration changes, and synchronized by ``sync_job``.

    Without it, the project and its annotations stay in Label Studio: nothing here ever deletes them.
    """

    declaration_name: pulumi.Output[str]
    sync_job: pulumi.Output[str]

    def __init__(self, name: str, args: AnnotationProjectArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("label-studio:annotation_project:AnnotationProject", name, component_inputs(args), opts)
        declared = declaration(args)
        files = scripts.script_map(name, args, self, {scripts.DECLARATION: declared})
        peers, to_page = _peers(args), [scripts.to_label_studio()]
        for job in (name, f"{name}-sync"):
            network_policy.allow(job, args, self, pods.selector(COMPONENT, job), egress=to_page, peers=peers)
        if outside := [peer for peer in peers if not isinstance(peer, ServerPods)]:
            # Label Studio's own rules know nothing of S3 accounts that are a project's alone.
            pages_and_workers = {"app.kubernetes.io/instance": args.release}
            network_policy.allow(f"{name}-storages", args, self, pages_and_workers, peers=outside)
        run_setup_job(name, args, _job(name, args, declared, "apply"), self, [files, *scripts.dependencies(opts)])
        cron = _sync(f"{name}-sync", args, _job(name, args, declared, "sync source"), self)
        self.declaration_name = files.metadata.apply(lambda metadata: str(metadata.name))
        self.sync_job = cron.metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"declaration": self.declaration_name, "syncJob": self.sync_job})


def _job(name: str, args: AnnotationProjectArgs, declared: pulumi.Output[str], arguments: str) -> SetupJob:
    volumes, mounts = certificates(args.storages)
    return SetupJob(
        component=COMPONENT,
        image=args.image,
        user=args.run_as_user,
        script=scripts.command("apply", arguments),
        environment=[
            *scripts.environment(args),
            pods.env("DECLARATION", f"{scripts.DIRECTORY}/{scripts.DECLARATION}"),
            # Servers other than Amazon's know no checksums in trailers.
            pods.env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
            pods.secret_env("ACCOUNT_EMAIL", args.account.email),
            pods.secret_env("ACCOUNT_PASSWORD", args.account.password),
            *keys(args.storages),
        ],
        files=[scripts.script_volume(name, scripts.DECLARATION), *volumes],
        mounts=[scripts.script_mount(), *mounts],
        triggers=[declared, scripts.DIGEST],
        resources=scripts.RESOURCES,
        refusal=REFUSED,
    )


def _sync(name: str, args: AnnotationProjectArgs, job: SetupJob, parent: pulumi.Resource) -> k8s.batch.v1.CronJob:
    labels = pods.labels(COMPONENT, name)
    return k8s.batch.v1.CronJob(
        name,
        metadata={"name": fitted(name, WORKLOAD), "namespace": args.namespace, "labels": labels},
        spec={
            "schedule": args.schedule or NEVER,
            "suspend": args.schedule is None,
            "concurrency_policy": "Forbid",
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 1,
            "job_template": {
                "metadata": {"labels": labels},
                "spec": setup_job_spec(job, labels, setup_pod(args, job)),
            },
        },
        opts=ResourceOptions(parent=parent),
    )


def _peers(args: AnnotationProjectArgs) -> list[Peer | None]:
    found = [storage.connection.peer for storage in args.storages.values()]
    return [peer for number, peer in enumerate(found) if peer not in found[:number]]
