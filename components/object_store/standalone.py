"""One MinIO server with one volume in a StatefulSet."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from ..connections import SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import service_host
from ..kubernetes.context import StackContext
from ..kubernetes.passwords import generate_password, key_of
from ..kubernetes.stateful_server import DATA, StatefulServer, run_stateful_server
from .grants import BucketGrant
from .settings import StandaloneStore
from .store import (
    USER,
    MinioServer,
    Store,
    serve_grants,
    store_root_secret,
)

COMPONENT = "object-store"
PORT = 9000
CERTIFICATES = "/etc/minio/certs"


def deploy(
    name: str, settings: StandaloneStore, context: StackContext, grants: Sequence[BucketGrant], parent: pulumi.Resource
) -> Store:
    """The server, and a job for each grant."""
    generation = context.rotation.object_store_root
    password = generate_password(f"{name}-root", context, parent, generation=generation)
    root = store_root_secret(name, context, parent, password)
    server = run_stateful_server(name, context, _server(settings, context, root), parent, after=[root])
    network_policy.allow(
        name, context, parent, pods.selector(COMPONENT, name), ingress=[network_policy.from_clients(PORT)]
    )
    endpoint = MinioServer(
        scheme="https" if settings.tls else "http",
        address=pulumi.Output.concat(service_host(name, context), f":{PORT}"),
        region=settings.region,
        versioning=settings.versioning,
        root=root,
        ca=SecretKey(settings.tls.secret_name, "ca.crt") if settings.tls else None,
        peer=ServerPods(pods.selector(COMPONENT, name), PORT),
        resource=server,
    )
    return serve_grants(name, context, endpoint, grants, parent)


def _server(settings: StandaloneStore, context: StackContext, root: k8s.core.v1.Secret) -> StatefulServer:
    volumes = [pods.scratch("tmp")]
    if settings.tls:
        files = {"tls.crt": "public.crt", "tls.key": "private.key", "ca.crt": "CAs/ca.crt"}
        volumes.append(pods.secret_files("tls", settings.tls.secret_name, files))
    return StatefulServer(
        component=COMPONENT,
        container=_container(settings, context, root),
        port=PORT,
        user=USER,
        storage=settings.storage,
        volumes=volumes,
    )


def _container(
    settings: StandaloneStore, context: StackContext, root: k8s.core.v1.Secret
) -> k8s.core.v1.ContainerArgsDict:
    command = ["server", "/data", "--address", f":{PORT}"]
    mounts = [pods.mount(DATA, "/data"), pods.mount("tmp", "/tmp")]  # noqa: S108 - a volume of the pod alone
    if settings.tls:
        command += ["--certs-dir", CERTIFICATES]
        mounts.append(pods.mount("tls", CERTIFICATES, read_only=True))
    return {
        "name": COMPONENT,
        "image": context.image("minio"),
        "args": command,
        "env": [
            pods.secret_env("MINIO_ROOT_USER", key_of(root, "root-user")),
            pods.secret_env("MINIO_ROOT_PASSWORD", key_of(root, "root-password")),
            pods.env("MINIO_SITE_REGION", settings.region),
            # The console would be a second way in, with root's password.
            pods.env("MINIO_BROWSER", "off"),
            pods.env("HOME", "/tmp"),  # noqa: S108
        ],
        "ports": [{"name": "server", "container_port": PORT, "protocol": "TCP"}],
        "resources": pods.resources(settings.resources.to_kubernetes()),
        "security_context": pods.container_security(),
        "startup_probe": {**_probe(settings, "ready"), "period_seconds": 5, "failure_threshold": 60},
        "readiness_probe": {**_probe(settings, "ready"), "period_seconds": 10, "failure_threshold": 3},
        "liveness_probe": {**_probe(settings, "live"), "period_seconds": 20, "failure_threshold": 6},
        "volume_mounts": mounts,
    }


def _probe(settings: StandaloneStore, state: str) -> k8s.core.v1.ProbeArgsDict:
    path = f"/minio/health/{state}"
    scheme = "HTTPS" if settings.tls else "HTTP"
    return {"http_get": {"path": path, "port": PORT, "scheme": scheme}, "timeout_seconds": 5}
