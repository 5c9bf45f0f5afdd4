"""The files that Label Studio's containers need besides those of the image: settings of its servers, authorities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pulumi_kubernetes as k8s

from ..connections import SecretKey
from ..kubernetes import pods
from .args import LabelStudioArgs
from .embedded_chart import CONTAINERS

ROOT = "/etc/label-studio"
SETTINGS_DIRECTORY = f"{ROOT}/settings"
SETTINGS_VOLUME = "stack-settings"
SETTINGS_MODULE = "stack_settings"
# Where the packages of Label Studio are, which its own programs find beside themselves.
CODE = "/label-studio/label_studio"
PROBE_SCRIPT = f"{SETTINGS_DIRECTORY}/worker_probe.py"
# What the image reads its servers' settings from: its entrypoint copies the first, and names the second to uWSGI.
SERVER_FILES = {"nginx.conf": "/etc/nginx/nginx.conf", "uwsgi.ini": "/label-studio/deploy/uwsgi.ini"}
DATA: str = CONTAINERS["directories"]["data"]
REDIS_CERTIFICATES: str = CONTAINERS["directories"]["redisCertificates"]

FILES = Path(__file__).with_name("files")
SETTINGS_FILES = {file.name: file.read_text() for file in sorted(FILES.iterdir()) if file.is_file()}


def command_of(file: str) -> str:
    """The shell's command that runs a file of the settings directory with all of Label Studio."""
    return f'PYTHONPATH="$PYTHONPATH:{CODE}" exec python3 {SETTINGS_DIRECTORY}/{file}'


@dataclass(frozen=True)
class Authority:
    """A certificate authority that is mounted under a name of its own, alone: its Secret may hold a private key too."""

    name: str

    @property
    def directory(self) -> str:
        """The directory in the container."""
        return f"{ROOT}/{self.name}"

    @property
    def path(self) -> str:
        """The file in the container."""
        return f"{self.directory}/ca.crt"

    def volume(self, secret: SecretKey) -> k8s.core.v1.VolumeArgsDict:
        """The volume of a pod."""
        items: list[k8s.core.v1.KeyToPathArgsDict] = [{"key": secret.key, "path": "ca.crt"}]
        return {"name": self.name, "secret": {"secret_name": secret.name, "items": items}}

    def mount(self) -> k8s.core.v1.VolumeMountArgsDict:
        """The mount in a container."""
        return pods.mount(self.name, self.directory, read_only=True)


POSTGRESQL_CA = Authority("postgresql-ca")
OBJECT_STORE_CA = Authority("object-store-ca")


def authorities(args: LabelStudioArgs) -> Iterator[tuple[Authority, SecretKey]]:
    """The authorities that the services of this stack need."""
    if args.postgresql.tls and args.postgresql.tls.ca:
        yield POSTGRESQL_CA, args.postgresql.tls.ca
    if args.uploads and args.uploads.ca:
        yield OBJECT_STORE_CA, args.uploads.ca


def volumes(args: LabelStudioArgs, settings_map: str) -> list[k8s.core.v1.VolumeArgsDict]:
    """Volumes of every pod of Label Studio; ``settings_map`` is the ConfigMap of the settings module."""
    module: k8s.core.v1.VolumeArgsDict = {"name": SETTINGS_VOLUME, "config_map": {"name": settings_map}}
    return [module, *(authority.volume(secret) for authority, secret in authorities(args))]


def redis_certificates(args: LabelStudioArgs) -> list[k8s.core.v1.VolumeArgsDict]:
    """The volume with the certificates of Redis, where it speaks TLS."""
    tls = args.redis.tls if args.redis else None
    if tls is None:
        return []
    keys = [key for key in (tls.ca_key, tls.certificate_key, tls.private_key_key) if key]
    items: list[k8s.core.v1.KeyToPathArgsDict] = [{"key": key, "path": key} for key in keys]
    return [{"name": "redis-certificates", "secret": {"secret_name": tls.secret_name, "items": items}}]


def redis_certificate_mounts(args: LabelStudioArgs) -> list[k8s.core.v1.VolumeMountArgsDict]:
    """The mount of ``redis_certificates``, where there are any."""
    if not args.redis or not args.redis.tls:
        return []
    return [pods.mount("redis-certificates", REDIS_CERTIFICATES, read_only=True)]


def mounts(args: LabelStudioArgs) -> list[k8s.core.v1.VolumeMountArgsDict]:
    """Mounts of ``volumes`` in every container of Label Studio."""
    module = pods.mount(SETTINGS_VOLUME, SETTINGS_DIRECTORY, read_only=True)
    return [module, *(authority.mount() for authority, _ in authorities(args))]


def server_mounts() -> list[k8s.core.v1.VolumeMountArgsDict]:
    """Mounts of ``volumes`` in the pods of the page: the settings of nginx and uWSGI, over those of the image."""
    return [
        {"name": SETTINGS_VOLUME, "mount_path": path, "sub_path": file, "read_only": True}
        for file, path in SERVER_FILES.items()
    ]
