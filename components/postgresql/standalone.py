"""One PostgreSQL server in a StatefulSet, by the official image."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..connections import PostgresConnection, PostgresTls, SecretKey, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import service_host
from ..kubernetes.context import StackContext
from ..kubernetes.passwords import generate_passwords, key_of, store_previous, store_secret
from ..kubernetes.retirement import Retirement
from ..kubernetes.stateful_server import DATA, StatefulServer, run_stateful_server
from ..kubernetes.upgrade_backup import UpgradeBackup
from .dump import upgrade_dump
from .logins import SUPERUSER, logins, superuser_credentials
from .parameter_rules import DEFAULTS
from .settings import StandalonePostgres
from .setup import USER, prepare_database, retire_login

COMPONENT = "postgresql"
PORT = 5432
CONFIG = "/etc/postgresql"
CERTIFICATES = "/etc/postgresql-tls"
SUPERUSER_SECRET = "/etc/postgresql-superuser"  # noqa: S105 - a directory
# Below the mount point, as a volume may begin with a lost+found of its own, which initdb refuses.
PGDATA = "/var/lib/postgresql/volume/pgdata"
Deployed = tuple[PostgresConnection, UpgradeBackup, list[Retirement]]


def deploy(name: str, settings: StandalonePostgres, context: StackContext, parent: pulumi.Resource) -> Deployed:
    """The server, and a job that makes role, database and extensions in it; another one dumps them."""
    rotation = context.rotation
    superuser_passwords = generate_passwords(f"{name}-superuser", context, parent, rotation.database_superuser)
    owner_passwords = generate_passwords(f"{name}-owner", context, parent, rotation.database_owner)
    superuser = store_secret(
        f"{name}-superuser", context, parent, {"username": SUPERUSER, "password": superuser_passwords[0]}
    )
    former = store_previous(f"{name}-superuser", context, parent, superuser_passwords)
    login, other_login = logins(settings.user, rotation.database_owner)
    owner = store_secret(f"{name}-owner", context, parent, {"username": login, "password": owner_passwords[0]})
    config = _config(name, settings, context, parent)
    server = run_stateful_server(
        name, context, _server(name, settings, context, superuser), parent, after=[superuser, config]
    )
    network_policy.allow(
        name, context, parent, pods.selector(COMPONENT, name), ingress=[network_policy.from_clients(PORT)]
    )
    connection = PostgresConnection(
        host=service_host(name, context),
        port=PORT,
        database=settings.database,
        user=login,
        owner=settings.user,
        password=key_of(owner, "password"),
        tls=PostgresTls("verify-full", SecretKey(settings.tls.secret_name, "ca.crt")) if settings.tls else None,
        peer=ServerPods(pods.selector(COMPONENT, name), PORT),
    )
    admin = superuser_credentials(superuser)
    prepare_database(
        f"{name}-setup",
        context,
        connection,
        parent,
        admin=admin,
        former_admin_passwords=former,
        passwords=[owner_passwords[0]],
        after=[server],
    )
    backup = upgrade_dump(name, settings, context, connection=connection, admin=admin, parent=parent)
    if len(owner_passwords) == 1:
        return connection, backup, []
    return connection, backup, [retire_login(f"{name}-retirement", context, connection, admin, other_login)]


def configuration(settings: StandalonePostgres) -> dict[str, str]:
    """The files of the server's configuration, none of which holds a secret."""
    options = {
        "listen_addresses": "*",
        "port": str(PORT),
        "hba_file": f"{CONFIG}/pg_hba.conf",
        "password_encryption": "scram-sha-256",
        **DEFAULTS,
        **settings.parameters,
    }
    if settings.tls:
        options |= {
            "ssl": "on",
            "ssl_cert_file": f"{CERTIFICATES}/tls.crt",
            "ssl_key_file": f"{CERTIFICATES}/tls.key",
            "ssl_min_protocol_version": "TLSv1.2",
        }
    remote = "hostssl" if settings.tls else "host"
    rules = ["local all all scram-sha-256", f"{remote} all all all scram-sha-256"]
    return {
        "postgresql.conf": "".join(f"{key} = {_quoted(value)}\n" for key, value in options.items()),
        "pg_hba.conf": "".join(f"{rule}\n" for rule in rules),
    }


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _config(
    name: str, settings: StandalonePostgres, context: StackContext, parent: pulumi.Resource
) -> k8s.core.v1.ConfigMap:
    data = configuration(settings)
    context.contents.add("ConfigMap", f"{name}-config", data)
    return k8s.core.v1.ConfigMap(
        f"{name}-config",
        metadata={"name": f"{name}-config", "namespace": context.namespace, "labels": pods.labels(COMPONENT, name)},
        data=data,
        opts=ResourceOptions(parent=parent),
    )


def _server(
    name: str, settings: StandalonePostgres, context: StackContext, superuser: k8s.core.v1.Secret
) -> StatefulServer:
    volumes: list[k8s.core.v1.VolumeArgsDict] = [
        pods.scratch("tmp"),
        pods.scratch("run"),
        pods.shared_memory("shm"),
        {"name": "config", "config_map": {"name": f"{name}-config"}},
        pods.secret_files("superuser", key_of(superuser, "password").name, {"password": "password"}),
    ]
    if settings.tls:
        files = {"tls.crt": "tls.crt", "tls.key": "tls.key"}
        volumes.append(pods.secret_files("tls", settings.tls.secret_name, files))
    return StatefulServer(
        component=COMPONENT,
        container=_container(settings, context),
        init_containers=[_initialisation(settings, context)],
        port=PORT,
        user=USER,
        storage=settings.storage,
        volumes=volumes,
    )


def _initialisation(settings: StandalonePostgres, context: StackContext) -> k8s.core.v1.ContainerArgsDict:
    """The image's own script for init containers; it leaves a volume alone on which a database already is."""
    return {
        "name": "initdb",
        "image": context.image("postgresql"),
        "command": ["docker-ensure-initdb.sh"],
        "env": [
            pods.env("PGDATA", PGDATA),
            pods.env("POSTGRES_USER", SUPERUSER),
            pods.env("POSTGRES_PASSWORD_FILE", f"{SUPERUSER_SECRET}/password"),
            pods.env("POSTGRES_INITDB_ARGS", "--data-checksums --encoding=UTF8"),
        ],
        "resources": pods.resources(settings.resources.to_kubernetes()),
        "security_context": pods.container_security(),
        "volume_mounts": [
            pods.mount(DATA, PGDATA.rpartition("/")[0]),
            pods.mount("tmp", "/tmp"),  # noqa: S108 - a volume of the pod alone
            pods.mount("run", "/var/run/postgresql"),
            pods.mount("superuser", SUPERUSER_SECRET, read_only=True),
        ],
    }


def _container(settings: StandalonePostgres, context: StackContext) -> k8s.core.v1.ContainerArgsDict:
    is_ready: k8s.core.v1.ExecActionArgsDict = {
        "command": ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(PORT), "-U", SUPERUSER]
    }
    mounts = [
        pods.mount(DATA, PGDATA.rpartition("/")[0]),
        pods.mount("tmp", "/tmp"),  # noqa: S108 - a volume of the pod alone
        pods.mount("run", "/var/run/postgresql"),
        pods.mount("shm", "/dev/shm"),  # noqa: S108
        pods.mount("config", CONFIG, read_only=True),
        pods.mount("superuser", SUPERUSER_SECRET, read_only=True),
    ]
    if settings.tls:
        mounts.append(pods.mount("tls", CERTIFICATES, read_only=True))
    return {
        "name": COMPONENT,
        "image": context.image("postgresql"),
        # Not by the image's entrypoint: it would put the superuser's password into the server's environment.
        "command": ["postgres", "-c", f"config_file={CONFIG}/postgresql.conf"],
        "env": [pods.env("PGDATA", PGDATA)],
        "ports": [{"name": "server", "container_port": PORT, "protocol": "TCP"}],
        "resources": pods.resources(settings.resources.to_kubernetes()),
        "security_context": pods.container_security(),
        "startup_probe": {"exec_": is_ready, "period_seconds": 5, "timeout_seconds": 5, "failure_threshold": 60},
        "readiness_probe": {"exec_": is_ready, "period_seconds": 10, "timeout_seconds": 5, "failure_threshold": 3},
        "liveness_probe": {"exec_": is_ready, "period_seconds": 20, "timeout_seconds": 5, "failure_threshold": 6},
        "volume_mounts": mounts,
    }
