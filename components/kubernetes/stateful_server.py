"""One server with one volume: the StatefulSet and the Services that the standalone backends have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, ResourceOptions

from ..settings.base import Storage
from . import names, pods
from .backing_service import stateful_options
from .context import StackContext

DATA = "data"
# Time for a volume, the image and the server's own recovery.
READY_WITHIN = "10m"


@dataclass(frozen=True, kw_only=True)
class StatefulServer:
    """A container that keeps its state in the volume ``data``."""

    component: str
    container: k8s.core.v1.ContainerArgsDict
    port: int
    user: int
    storage: Storage
    volumes: Sequence[k8s.core.v1.VolumeArgsDict]
    init_containers: Sequence[k8s.core.v1.ContainerArgsDict] = ()
    grace_seconds: int = 60


def run_stateful_server(
    name: str,
    context: StackContext,
    server: StatefulServer,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> k8s.apps.v1.StatefulSet:
    """The server with a Service of its name for clients and a headless one for its pod."""
    headless = f"{name}-headless"
    services = [
        _service(name, context, server, parent, instance=name),
        _service(headless, context, server, parent, instance=name, cluster_ip="None"),
    ]
    pod: k8s.core.v1.PodSpecArgsDict = {
        **pods.pod_spec(context.placement, context.pod_security(server.user), [server.container], server.volumes),
        "termination_grace_period_seconds": server.grace_seconds,
    }
    if server.init_containers:
        pod |= {"init_containers": server.init_containers}
    waiting = CustomTimeouts(create=READY_WITHIN, update=READY_WITHIN)
    after_services = ResourceOptions(depends_on=[*services, *after], custom_timeouts=waiting)
    return k8s.apps.v1.StatefulSet(
        name,
        metadata={
            "name": names.fitted(name, names.WORKLOAD),
            "namespace": context.namespace,
            "labels": pods.labels(server.component, name),
        },
        spec={
            "service_name": names.fitted(headless),
            "replicas": 1,
            "selector": {"match_labels": pods.selector(server.component, name)},
            "update_strategy": {"type": "RollingUpdate"},
            "persistent_volume_claim_retention_policy": {
                "when_deleted": "Retain" if context.protect else "Delete",
                "when_scaled": "Retain",
            },
            "template": {
                "metadata": {
                    "labels": pods.labels(server.component, name),
                    "annotations": context.contents.annotations(pod),
                },
                "spec": pod,
            },
            "volume_claim_templates": [_claim(server)],
        },
        opts=ResourceOptions.merge(stateful_options(context, parent), after_services),
    )


def _service(  # noqa: PLR0913 - one of two kinds
    name: str,
    context: StackContext,
    server: StatefulServer,
    parent: pulumi.Resource,
    *,
    instance: str,
    cluster_ip: str | None = None,
) -> k8s.core.v1.Service:
    spec: k8s.core.v1.ServiceSpecArgsDict = {
        "selector": pods.selector(server.component, instance),
        "ports": [{"name": "server", "port": server.port, "target_port": server.port, "protocol": "TCP"}],
    }
    if cluster_ip:
        # The pod's name resolves before it is ready, and no address is kept for a Service that balances nothing.
        spec |= {"cluster_ip": cluster_ip, "publish_not_ready_addresses": True}
    # The Service is made before its pods, so waiting for endpoints would never end.
    metadata: k8s.meta.v1.ObjectMetaArgsDict = {
        "name": names.fitted(name),
        "namespace": context.namespace,
        "labels": pods.labels(server.component, instance),
        "annotations": {"pulumi.com/skipAwait": "true"},
    }
    return k8s.core.v1.Service(name, metadata=metadata, spec=spec, opts=ResourceOptions(parent=parent))


def _claim(server: StatefulServer) -> k8s.core.v1.PersistentVolumeClaimArgsDict:
    spec: k8s.core.v1.PersistentVolumeClaimSpecArgsDict = {
        "access_modes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": server.storage.size}},
    }
    if server.storage.storage_class:
        spec["storage_class_name"] = server.storage.storage_class
    return {"metadata": {"name": DATA}, "spec": spec}
