"""One Valkey server in a StatefulSet, set so that no queued job is evicted and few are lost in a crash."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import RedisConnection, RedisTls, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import service_host
from ..kubernetes.context import StackContext
from ..kubernetes.passwords import generate_passwords, key_of, store_secret
from ..kubernetes.retirement import Retirement
from ..kubernetes.setup_job import SetupJob
from ..kubernetes.stateful_server import DATA, StatefulServer, run_stateful_server
from .settings import StandaloneRedis

COMPONENT = "redis"
PORT = 6379
# The valkey user of the Debian images.
USER = 999
CONFIG = "/etc/valkey"
CERTIFICATES = "/etc/valkey-tls"
ACCESS = "/etc/valkey-access"
FORMER = "former-password"
# Where the server itself can change it; ``access.sh`` writes it.
USERS = "/data/users.acl"
ACCESS_SCRIPT = Path(__file__).with_name("access.sh").read_text()
RETIRE_SCRIPT = Path(__file__).with_name("retire.sh").read_text()
# Database 0 is where people look first by hand; Label Studio's documentation uses 1.
DATABASE = 1
Deployed = tuple[RedisConnection, list[Retirement]]


def deploy(name: str, settings: StandaloneRedis, context: StackContext, parent: pulumi.Resource) -> Deployed:
    """The server, with a generated password that it reads from a file."""
    password, *former = generate_passwords(name, context, parent, context.rotation.redis)
    # The server knows the last but one as well, until nothing uses it.
    values = {"password": password, **({FORMER: former[0]} if former else {})}
    secret = store_secret(name, context, parent, values)
    data = configuration(settings)
    context.contents.add("ConfigMap", f"{name}-config", data)
    config = k8s.core.v1.ConfigMap(
        f"{name}-config",
        metadata={"name": f"{name}-config", "namespace": context.namespace, "labels": pods.labels(COMPONENT, name)},
        data=data,
        opts=ResourceOptions(parent=parent),
    )
    reference = key_of(secret, "password")
    server = _server(name, settings, context, reference, has_former=bool(former))
    run_stateful_server(name, context, server, parent, after=[secret, config])
    network_policy.allow(
        name, context, parent, pods.selector(COMPONENT, name), ingress=[network_policy.from_clients(PORT)]
    )
    connection = RedisConnection(
        host=service_host(name, context),
        port=PORT,
        database=DATABASE,
        password=reference,
        tls=RedisTls(settings.tls.secret_name) if settings.tls else None,
        peer=ServerPods(pods.selector(COMPONENT, name), PORT),
    )
    return connection, [_retirement(name, settings, context, connection)] if former else []


def configuration(settings: StandaloneRedis) -> dict[str, str]:
    """The file of the server's configuration; the password is in another one, which it names."""
    directives = {
        **settings.options,
        "dir": "/data",
        "port": str(PORT),
        # A snapshot would only repeat what the append-only file already holds.
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory": str(settings.max_memory_bytes),
        # Evicting a key would lose a job without a trace; a refused write is an error that somebody sees.
        "maxmemory-policy": "noeviction",
        "aclfile": USERS,
    }
    if settings.tls:
        directives |= {
            "port": "0",
            "tls-port": str(PORT),
            "tls-cert-file": f"{CERTIFICATES}/tls.crt",
            "tls-key-file": f"{CERTIFICATES}/tls.key",
            "tls-ca-cert-file": f"{CERTIFICATES}/ca.crt",
            "tls-auth-clients": "no",
        }
    return {"valkey.conf": "".join(f"{name} {value}\n" for name, value in directives.items())}


def _server(
    name: str, settings: StandaloneRedis, context: StackContext, password: SecretKey, *, has_former: bool
) -> StatefulServer:
    passwords = ["password", *([FORMER] if has_former else [])]
    volumes: list[k8s.core.v1.VolumeArgsDict] = [
        pods.scratch("tmp"),
        {"name": "config", "config_map": {"name": f"{name}-config"}},
        pods.secret_files("access", password.name, {key: key for key in passwords}),
    ]
    if settings.tls:
        volumes.append(
            pods.secret_files("tls", settings.tls.secret_name, {key: key for key in ("tls.crt", "tls.key", "ca.crt")})
        )
    return StatefulServer(
        component=COMPONENT,
        container=_container(settings, context, password),
        init_containers=[_access(settings, context)],
        port=PORT,
        user=USER,
        storage=settings.storage,
        volumes=volumes,
    )


def _access(settings: StandaloneRedis, context: StackContext) -> k8s.core.v1.ContainerArgsDict:
    """Writes the file of users, which the server itself changes when it is told to."""
    return {
        "name": "access",
        "image": context.image("valkey"),
        "command": ["sh", "-c", ACCESS_SCRIPT],
        "env": [pods.env("ACCESS", ACCESS)],
        "resources": pods.resources(settings.resources.to_kubernetes()),
        "security_context": pods.container_security(),
        "volume_mounts": [pods.mount(DATA, "/data"), pods.mount("access", ACCESS, read_only=True)],
    }


def _retirement(name: str, settings: StandaloneRedis, context: StackContext, connection: RedisConnection) -> Retirement:
    """Lets the server forget the former password."""
    tls = settings.tls
    job = SetupJob(
        component=f"{COMPONENT}-setup",
        image=context.image("valkey"),
        user=USER,
        script=RETIRE_SCRIPT,
        environment=[
            pods.env("HOST", connection.host),
            pods.env("PORT", str(PORT)),
            pods.env("TLS_OPTIONS", f"--tls --cacert {CERTIFICATES}/ca.crt" if tls else ""),
            *([pods.secret_env("REDISCLI_AUTH", connection.password)] if connection.password else []),
        ],
        files=[pods.secret_files("tls", tls.secret_name, {"ca.crt": "ca.crt"})] if tls else [],
        mounts=[pods.mount("tls", CERTIFICATES, read_only=True)] if tls else [],
    )
    return Retirement(name=f"{name}-retirement", job=job, peer=connection.peer)


def _container(settings: StandaloneRedis, context: StackContext, password: SecretKey) -> k8s.core.v1.ContainerArgsDict:
    mounts = [
        pods.mount(DATA, "/data"),
        pods.mount("tmp", "/tmp"),  # noqa: S108 - a volume of the pod alone
        pods.mount("config", CONFIG, read_only=True),
    ]
    if settings.tls:
        mounts.append(pods.mount("tls", CERTIFICATES, read_only=True))
    tls = f" --tls --cacert {CERTIFICATES}/ca.crt" if settings.tls else ""
    # While it loads its data the server answers, but not with PONG; the client's exit status tells neither apart.
    ping = f'test "$(valkey-cli -h 127.0.0.1 -p {PORT}{tls} --no-auth-warning ping)" = PONG'
    answers: k8s.core.v1.ExecActionArgsDict = {"command": ["sh", "-c", ping]}
    return {
        "name": COMPONENT,
        "image": context.image("valkey"),
        # As arguments of the image's entrypoint, which lets nobody else read the files that the server writes.
        "args": ["valkey-server", f"{CONFIG}/valkey.conf"],
        "env": [pods.secret_env("REDISCLI_AUTH", password)],
        "ports": [{"name": "server", "container_port": PORT, "protocol": "TCP"}],
        "resources": pods.resources(settings.resources.to_kubernetes()),
        "security_context": pods.container_security(),
        "startup_probe": {"exec_": answers, "period_seconds": 5, "timeout_seconds": 5, "failure_threshold": 60},
        "readiness_probe": {"exec_": answers, "period_seconds": 10, "timeout_seconds": 5, "failure_threshold": 3},
        "liveness_probe": {"tcp_socket": {"port": PORT}, "period_seconds": 20, "failure_threshold": 6},
        "volume_mounts": mounts,
    }
