"""The model servers of one project that the stack runs, and what the job is told of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import S3Connection, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.context import StackContext
from . import scripts
from .args import Page, ProjectStorage, Role, storage_peers
from .declaration import certificates, keys_of, place_of
from .model_settings import ModelServer, ModelSettings, server_name, shown

COMPONENT = "model-server"
CONTAINER = "model"
GPU = "nvidia.com/gpu"
# A model of some GiB is read for minutes; pulling an image is not part of it.
STARTUP_SECONDS = 600


def model_urls(
    stack: str, project: str, models: Sequence[ModelSettings], namespace: str, domain: str
) -> dict[str, str]:
    """Where Label Studio reaches each server, by its name."""
    return {model.name: _url(stack, project, model, namespace, domain) for model in models}


def _url(stack: str, project: str, model: ModelSettings, namespace: str, domain: str) -> str:
    if model.server is None:
        return model.server_url or ""
    return f"http://{server_name(stack, project, model.name)}.{namespace}.svc.{domain}:{model.server.port}"


def declared_models(models: Sequence[ModelSettings], urls: Mapping[str, str]) -> dict[str, Any]:
    """What ``job.backends`` makes of it; empty where there are none, so that Label Studio is left as it is."""
    if not models:
        return {}
    chosen = shown(tuple(models))
    return {
        "shown": chosen.page_title if chosen else None,
        "predict_on_open": bool(chosen and chosen.predict_on_open),
        "servers": [
            {
                "name": model.name,
                "title": model.page_title,
                "url": urls[model.name],
                "extra_params": {
                    "predictOnOpen": model.predict_on_open,
                    "predictAfterSync": model.predict_after_sync,
                    "trainAfter": model.train_after,
                },
            }
            for model in models
        ],
    }


@dataclass(frozen=True, kw_only=True)
class ModelServers:
    """What the servers of one project share."""

    stack: str
    project: str
    page: Page
    storages: Mapping[Role, ProjectStorage]

    def make(
        self, models: Sequence[ModelSettings], context: StackContext, parent: pulumi.Resource
    ) -> list[pulumi.Resource]:
        """Deployment, Service and network policies of each; Pulumi waits until they answer."""
        return [self._make(model.name, model.server, context, parent) for model in models if model.server]

    def _make(self, model: str, server: ModelServer, context: StackContext, parent: pulumi.Resource) -> pulumi.Resource:
        name = server_name(self.stack, self.project, model)
        self._allow(name, server, context, parent)
        labels = pods.labels(COMPONENT, name)
        pod = self._pod(server, context)
        deployment = k8s.apps.v1.Deployment(
            name,
            metadata={"name": name, "namespace": context.namespace, "labels": labels},
            spec={
                "replicas": server.replicas,
                "selector": {"match_labels": pods.selector(COMPONENT, name)},
                "template": {
                    "metadata": {"labels": labels, "annotations": context.contents.annotations(pod)},
                    "spec": pod,
                },
            },
            opts=ResourceOptions(parent=parent),
        )
        return k8s.core.v1.Service(
            name,
            metadata={"name": name, "namespace": context.namespace, "labels": labels},
            spec={
                "type": "ClusterIP",
                "selector": pods.selector(COMPONENT, name),
                "ports": [{"name": "http", "port": server.port, "target_port": "http"}],
            },
            opts=ResourceOptions(parent=parent, depends_on=[deployment]),
        )

    def _allow(self, name: str, server: ModelServer, context: StackContext, parent: pulumi.Resource) -> None:
        """Requests of page and workers only; out of it to the S3 servers of the project and to the page."""
        pages_and_workers = {"app.kubernetes.io/instance": self.page.release}
        selector = pods.selector(COMPONENT, name)
        network_policy.allow(
            name,
            context,
            parent,
            selector,
            ingress=[network_policy.from_pods(pages_and_workers, server.port)],
            egress=[scripts.to_label_studio()],
            peers=storage_peers(self.storages.values()),
        )
        peer = ServerPods(selector, server.port)
        network_policy.allow(f"{name}-page", context, parent, pages_and_workers, peers=[peer])

    def _pod(self, server: ModelServer, context: StackContext) -> k8s.core.v1.PodSpecArgsDict:
        context = context.scheduled(server.scheduling)
        volumes, mounts = certificates({role: it.connection for role, it in self.storages.items()})
        security = pods.user_security(context.user(server.run_as_user))
        container = self._container(server, context, mounts)
        return pods.pod_spec(
            context.placement, security, [container], [pods.scratch("tmp", server.scratch_size), *volumes]
        )

    def _container(
        self, server: ModelServer, context: StackContext, mounts: Sequence[k8s.core.v1.VolumeMountArgsDict]
    ) -> k8s.core.v1.ContainerArgsDict:
        probe: k8s.core.v1.ProbeArgsDict = {"http_get": {"path": "/health", "port": "http"}, "timeout_seconds": 5}
        return {
            "name": CONTAINER,
            "image": context.images.mirrored(server.image),
            "ports": [{"name": "http", "container_port": server.port}],
            "env": self._environment(server, context),
            "resources": _resources(server),
            "security_context": pods.container_security(),
            "startup_probe": {**probe, "period_seconds": 5, "failure_threshold": STARTUP_SECONDS // 5},
            "readiness_probe": {**probe, "period_seconds": 10},
            "liveness_probe": {**probe, "period_seconds": 30, "failure_threshold": 5},
            "volume_mounts": [pods.mount("tmp", "/tmp"), *mounts],  # noqa: S108 - a volume of the pod alone
        }

    def _environment(self, server: ModelServer, context: StackContext) -> list[k8s.core.v1.EnvVarArgsDict]:
        connections: dict[str, S3Connection] = {"source": self.storages["source"].connection}
        if "target" in self.storages:
            connections["export"] = self.storages["target"].user_connection
        url = pulumi.Output.concat(
            "http://", self.page.service, ".", context.namespace, ".svc.", context.cluster_domain
        )
        plain = {
            "HOME": "/tmp",  # noqa: S108 - a volume of the pod alone
            "TMPDIR": "/tmp",  # noqa: S108
            "PORT": str(server.port),
            "LABEL_STUDIO_URL": url,
            # Servers other than Amazon's know no checksums in trailers.
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            **server.env,
        }
        roles: dict[str, Role] = {"source": "source", "export": "target"}
        places = {
            f"{purpose.upper()}_{part.upper()}": value
            for purpose, it in connections.items()
            for part, value in place_of(roles[purpose], it).items()
            if value is not None
        }
        secrets: dict[str, SecretKey] = {name: reference.key for name, reference in server.env_secrets.items()}
        return [
            *(pods.env(name, value) for name, value in {**plain, **places}.items()),
            *keys_of(connections),
            *(pods.secret_env(name, key) for name, key in secrets.items()),
        ]


def _resources(server: ModelServer) -> k8s.core.v1.ResourceRequirementsArgsDict:
    requirements = server.resources.to_kubernetes()
    gpus = {GPU: str(server.gpus)} if server.gpus else {}
    return {"requests": {**requirements["requests"], **gpus}, "limits": {**requirements["limits"], **gpus}}
