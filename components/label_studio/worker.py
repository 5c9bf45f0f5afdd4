"""The queue workers: the same image, secrets and storage as the page, running the jobs that it queues in Redis.

No chart for the Community Edition has them. Without workers, storage syncs stay queued for ever, and exports to
target storages and webhooks silently stop.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..connections import SecretKey
from ..kubernetes import pods
from . import environment, mounts
from .args import LabelStudioArgs
from .files.redis_queues import NAMES as QUEUES
from .values import claim_name, container_security, names, pod_security, worker_names

COMPONENT = "ls-worker"
COMMAND = ["python3", "/label-studio/label_studio/manage.py", "rqworker", "--with-scheduler", *QUEUES]
# The image merges authorities for its server only; boto3 reads the merged file's name from REQUESTS_CA_BUNDLE.
CA_BUNDLE = "/tmp/ca-bundle.crt"  # noqa: S108 - a directory of the container's own
WITH_AUTHORITY = 'cat "$(python3 -m certifi)" "$OBJECT_STORE_CA" > "$REQUESTS_CA_BUNDLE" && exec "$0" "$@"'
DATA = "/label-studio/data"


def worker(
    release: str, args: LabelStudioArgs, django_key: SecretKey, settings_map: str, opts: pulumi.ResourceOptions
) -> k8s.apps.v1.Deployment:
    """The Deployment of the workers."""
    labels = pods.labels(COMPONENT, release)
    spec: Any = {
        "replicas": args.settings.worker.replicas,
        "selector": {"matchLabels": worker_names(release)},
        "template": {
            "metadata": {"labels": labels, "annotations": {"checksum/settings": mounts.SETTINGS_CHECKSUM}},
            "spec": _pod(args, release, django_key, settings_map),
        },
    }
    metadata: Any = {"name": f"{release}-{COMPONENT}", "namespace": args.context.namespace, "labels": labels}
    return k8s.apps.v1.Deployment(f"{release}-worker", metadata=metadata, spec=spec, opts=opts)


def _pod(args: LabelStudioArgs, release: str, django_key: SecretKey, settings_map: str) -> dict[str, Any]:
    security = {key: value for key, value in pod_security(args).items() if value is not None}
    return {
        "serviceAccountName": f"{release}-ls-app",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "imagePullSecrets": args.context.placement.pull_secrets(),
        "nodeSelector": dict(args.context.placement.node_selector),
        "tolerations": [dict(toleration) for toleration in args.context.placement.tolerations],
        "securityContext": security,
        "terminationGracePeriodSeconds": args.settings.termination_grace_period,
        **({"affinity": _on_the_node_of_the_page(release)} if args.shares_node else {}),
        "containers": [_container(args, django_key)],
        "volumes": [
            {"name": "data", **_data(args, release)},
            {"name": "tmp", "emptyDir": {}},
            *_redis_certificates(args),
            *mounts.volumes(args, settings_map),
        ],
    }


def _container(args: LabelStudioArgs, django_key: SecretKey) -> dict[str, Any]:
    plain, secret = environment.chart_variables(args)
    plain = {**plain, **environment.variables(args)}
    command = COMMAND
    if args.uploads and args.uploads.ca:
        plain |= {"OBJECT_STORE_CA": mounts.OBJECT_STORE_CA.path, "REQUESTS_CA_BUNDLE": CA_BUNDLE}
        command = ["/bin/sh", "-c", WITH_AUTHORITY, *COMMAND]
    probe = {"exec": {"command": ["python3", mounts.PROBE_SCRIPT]}, "timeoutSeconds": 20}
    tls_mount = [{"name": "redis-certificates", "mountPath": mounts.REDIS_CERTIFICATES, "readOnly": True}]
    return {
        "name": "worker",
        "image": args.image,
        "command": command,
        "env": environment.as_container_env(plain, {**secret, **environment.secrets(args, django_key)}),
        "resources": args.settings.worker.resources.to_kubernetes(),
        "securityContext": container_security(),
        "startupProbe": {**probe, "periodSeconds": 5, "failureThreshold": max(args.settings.startup_timeout // 5, 1)},
        "livenessProbe": {**probe, "periodSeconds": 60, "failureThreshold": 5},
        "volumeMounts": [
            {"name": "data", "mountPath": DATA},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a directory of the container's own
            *(tls_mount if args.redis and args.redis.tls else []),
            *mounts.mounts(args),
        ],
    }


def _data(args: LabelStudioArgs, release: str) -> dict[str, Any]:
    return {"persistentVolumeClaim": {"claimName": claim_name(release)}} if args.volume else {"emptyDir": {}}


def _redis_certificates(args: LabelStudioArgs) -> list[dict[str, Any]]:
    tls = args.redis.tls if args.redis else None
    if tls is None:
        return []
    keys = [key for key in (tls.ca_key, tls.certificate_key, tls.private_key_key) if key]
    items = [{"key": key, "path": key} for key in keys]
    return [{"name": "redis-certificates", "secret": {"secretName": tls.secret_name, "items": items}}]


def _on_the_node_of_the_page(release: str) -> dict[str, Any]:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": names(release)}}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
