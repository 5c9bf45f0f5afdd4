"""The queue workers: the same image, secrets and storage as the page, running the jobs that it queues in Redis.

A pod has two of them, so that syncs and exports, which take minutes, never wait for the many short jobs that
annotations cause, nor these for them. No chart for the Community Edition has any. Without workers, storage syncs stay
queued for ever, and exports to target storages and webhooks silently stop.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from ..kubernetes import pods
from . import environment, mounts
from .args import LabelStudioArgs
from .files.redis_queues import LONG, NAMES
from .values import Values, claim_name, names, worker_names

COMPONENT = "ls-worker"
# Seconds after which a worker that says nothing counts as dead. One that waits for jobs looks after the queues about as
# often: RQ's own 420 seconds would be longer than abandoned jobs and targets should wait.
TTL_SECONDS = 135
OPTIONS = ["--with-scheduler", "--worker-ttl", str(TTL_SECONDS)]
COMMAND = ["python3", "/label-studio/label_studio/manage.py", "rqworker", *OPTIONS]
STARTUP_SECONDS = 10
# The containers of a pod, and the queues of each.
QUEUES = {"worker": NAMES, "long-worker": (LONG,)}
# The image merges authorities for its server only; boto3 reads the merged file's name from REQUESTS_CA_BUNDLE.
CA_BUNDLE = "/tmp/ca-bundle.crt"  # noqa: S108 - a directory of the container's own
WITH_AUTHORITY = 'cat "$(python3 -m certifi)" "$OBJECT_STORE_CA" > "$REQUESTS_CA_BUNDLE" && exec "$0" "$@"'


def worker(
    release: str, args: LabelStudioArgs, values: Values, settings_map: str, opts: pulumi.ResourceOptions
) -> k8s.apps.v1.Deployment:
    """The Deployment of the workers; ``values`` are those of the embedded chart, whichever chart is installed."""
    labels = pods.labels(COMPONENT, release)
    pod = _pod(args, release, values, settings_map)
    timeout = f"{args.settings.release_timeout}s"
    waiting = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout))
    return k8s.apps.v1.Deployment(
        f"{release}-worker",
        metadata={"name": f"{release}-{COMPONENT}", "namespace": args.context.namespace, "labels": labels},
        spec={
            "replicas": args.settings.worker.replicas,
            "selector": {"match_labels": worker_names(release)},
            "template": {
                "metadata": {"labels": labels, "annotations": args.context.contents.annotations(pod)},
                "spec": pod,
            },
        },
        opts=pulumi.ResourceOptions.merge(opts, waiting),
    )


def _pod(args: LabelStudioArgs, release: str, values: Values, settings_map: str) -> k8s.core.v1.PodSpecArgsDict:
    volumes: list[k8s.core.v1.VolumeArgsDict] = [
        _data(args, release),
        {"name": "tmp", "empty_dir": {}},
        *mounts.redis_certificates(args),
        *mounts.volumes(args, settings_map),
    ]
    security = pods.user_security(args.context.user(args.settings.run_as_user))
    containers = [_container(args, values, name) for name in QUEUES]
    spec = pods.pod_spec(args.context.placement, security, containers, volumes)
    spec |= {
        "service_account_name": f"{release}-ls-app",
        "termination_grace_period_seconds": args.settings.termination_grace_period,
    }
    return {**spec, "affinity": _on_the_node_of_the_page(release)} if args.shares_node else spec


def _container(args: LabelStudioArgs, values: Values, name: str) -> k8s.core.v1.ContainerArgsDict:
    env = environment.container_environment(values["global"])
    program = command = [*COMMAND, *QUEUES[name]]
    if args.uploads and args.uploads.ca:
        authority = {"OBJECT_STORE_CA": mounts.OBJECT_STORE_CA.path, "REQUESTS_CA_BUNDLE": CA_BUNDLE}
        env += [pods.env(variable, path) for variable, path in authority.items()]
        command = ["/bin/sh", "-c", WITH_AUTHORITY, *program]
    probe: k8s.core.v1.ProbeArgsDict = {
        "exec_": {"command": ["python3", mounts.PROBE_SCRIPT, *QUEUES[name]]},
        "timeout_seconds": 20,
    }
    # A probe starts a Python of its own: more of them would keep two workers that start from starting.
    started = max(args.settings.startup_timeout // STARTUP_SECONDS, 1)
    return {
        "name": name,
        "image": args.image,
        "command": command,
        "env": env,
        "resources": pods.resources(args.settings.worker.resources.to_kubernetes()),
        "security_context": pods.container_security(),
        "startup_probe": {**probe, "period_seconds": STARTUP_SECONDS, "failure_threshold": started},
        "liveness_probe": {**probe, "period_seconds": 60, "failure_threshold": 5},
        "volume_mounts": [
            {"name": "data", "mount_path": mounts.DATA},
            # Of its own, in the same volume: both may write a file of the same name.
            {"name": "tmp", "mount_path": "/tmp", "sub_path": name},  # noqa: S108 - a directory of the container's own
            *mounts.redis_certificate_mounts(args),
            *mounts.mounts(args),
        ],
    }


def _data(args: LabelStudioArgs, release: str) -> k8s.core.v1.VolumeArgsDict:
    if args.volume:
        return {"name": "data", "persistent_volume_claim": {"claim_name": claim_name(release)}}
    return {"name": "data", "empty_dir": {}}


def _on_the_node_of_the_page(release: str) -> k8s.core.v1.AffinityArgsDict:
    term: k8s.core.v1.PodAffinityTermArgsDict = {
        "topology_key": "kubernetes.io/hostname",
        "label_selector": {"match_labels": names(release)},
    }
    return {"pod_affinity": {"required_during_scheduling_ignored_during_execution": [term]}}
