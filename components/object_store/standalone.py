"""One MinIO server with one volume in a StatefulSet."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from ..connections import SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import service_host
from ..kubernetes.passwords import generate_password, key_of
from ..kubernetes.stateful_server import DATA, StatefulServer, run_stateful_server
from .args import StandaloneArgs
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


def deploy(name: str, args: StandaloneArgs, parent: pulumi.Resource) -> Store:
    """The server, and a job for each grant."""
    password = generate_password(f"{name}-root", args, parent)
    root = store_root_secret(name, args, parent, password)
    server = run_stateful_server(name, args, _server(args, root), parent, after=[root])
    network_policy.allow(
        name, args, parent, pods.selector(COMPONENT, name), ingress=[network_policy.from_clients(PORT)]
    )
    endpoint = MinioServer(
        scheme="https" if args.tls_secret else "http",
        address=pulumi.Output.concat(service_host(name, args), f":{PORT}"),
        root=root,
        ca=SecretKey(args.tls_secret, "ca.crt") if args.tls_secret else None,
        peer=ServerPods(pods.selector(COMPONENT, name), PORT),
        resource=server,
    )
    return serve_grants(name, args, endpoint, parent)


def _server(args: StandaloneArgs, root: k8s.core.v1.Secret) -> StatefulServer:
    volumes = [pods.scratch("tmp")]
    if args.tls_secret:
        files = {"tls.crt": "public.crt", "tls.key": "private.key", "ca.crt": "CAs/ca.crt"}
        volumes.append(pods.secret_files("tls", args.tls_secret, files))
    return StatefulServer(
        component=COMPONENT,
        container=_container(args, root),
        port=PORT,
        user=USER,
        storage=args.storage,
        volumes=volumes,
        triggers={},
    )


def _container(args: StandaloneArgs, root: k8s.core.v1.Secret) -> k8s.core.v1.ContainerArgsDict:
    command = ["server", "/data", "--address", f":{PORT}"]
    mounts = [pods.mount(DATA, "/data"), pods.mount("tmp", "/tmp")]  # noqa: S108 - a volume of the pod alone
    if args.tls_secret:
        command += ["--certs-dir", CERTIFICATES]
        mounts.append(pods.mount("tls", CERTIFICATES, read_only=True))
    return {
        "name": COMPONENT,
        "image": args.image,
        "args": command,
        "env": [
            pods.secret_env("MINIO_ROOT_USER", key_of(root, "root-user")),
            pods.secret_env("MINIO_ROOT_PASSWORD", key_of(root, "root-password")),
            pods.env("MINIO_SITE_REGION", args.region),
            # The console would be a second way in, with root's password.
            pods.env("MINIO_BROWSER", "off"),
            pods.env("HOME", "/tmp"),  # noqa: S108
        ],
        "ports": [{"name": "server", "container_port": PORT, "protocol": "TCP"}],
        "resources": pods.resources(args.resources),
        "security_context": pods.container_security(),
        "startup_probe": {**_probe(args, "ready"), "period_seconds": 5, "failure_threshold": 60},
        "readiness_probe": {**_probe(args, "ready"), "period_seconds": 10, "failure_threshold": 3},
        "liveness_probe": {**_probe(args, "live"), "period_seconds": 20, "failure_threshold": 6},
        "volume_mounts": mounts,
    }


def _probe(args: StandaloneArgs, state: str) -> k8s.core.v1.ProbeArgsDict:
    path = f"/minio/health/{state}"
    scheme = "HTTPS" if args.tls_secret else "HTTP"
    return {"http_get": {"path": path, "port": PORT, "scheme": scheme}, "timeout_seconds": 5}
