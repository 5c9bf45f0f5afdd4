"""What the backends of the object store have in common: grants become keys, jobs and connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from ..connections import Peer, S3Connection, SecretKey
from ..kubernetes import network_policy, pods
from ..kubernetes.context import StackContext
from ..kubernetes.passwords import generate_password, key_of, store_secret
from ..kubernetes.retirement import Retirement
from ..kubernetes.setup_job import SetupJob, run_setup_job
from .grants import BucketGrant
from .policy import policy_json

COMPONENT = "object-store-setup"
GRANT_SCRIPT = Path(__file__).with_name("grant.sh").read_text()
RETIRE_SCRIPT = Path(__file__).with_name("retire.sh").read_text()
USER = 1000
# mc's admin commands were seen to need 100 MiB.
RESOURCES: pods.ResourceRequirements = {
    "requests": {"cpu": "50m", "memory": "256Mi"},
    "limits": {"cpu": "500m", "memory": "256Mi"},
}
CA_DIRECTORY = "/etc/object-store-ca"
ROOT = "root"


@dataclass(frozen=True, kw_only=True)
class Store:
    """What leaves a backend."""

    connections: Mapping[str, S3Connection]
    endpoint: pulumi.Output[str] | None
    retirements: Sequence[Retirement] = ()


@dataclass(frozen=True, kw_only=True)
class MinioServer:
    """A server as its set-up jobs see it, once ``resource`` is ready.

    ``scheme`` and ``address`` (host and port) make its endpoint; ``versioning`` is that of its buckets.
    """

    scheme: str
    address: pulumi.Output[str]
    region: str
    versioning: bool
    root: k8s.core.v1.Secret
    ca: SecretKey | None
    peer: Peer
    resource: pulumi.Resource

    @property
    def endpoint(self) -> pulumi.Output[str]:
        """The URL for clients."""
        return pulumi.Output.concat(self.scheme, "://", self.address)


def store_root_secret(
    name: str, context: StackContext, parent: pulumi.Resource, password: pulumi.Output[str]
) -> k8s.core.v1.Secret:
    """The root credentials, for the server and its set-up jobs alone."""
    return store_secret(f"{name}-root", context, parent, {"root-user": ROOT, "root-password": password})


def serve_grants(
    name: str, context: StackContext, server: MinioServer, grants: Sequence[BucketGrant], parent: pulumi.Resource
) -> Store:
    """A key of its own for each grant, and a job for each group of them, so that a new group touches no other one."""
    setup = f"{name}-setup"
    network_policy.allow(setup, context, parent, {"app.kubernetes.io/name": COMPONENT}, peers=[server.peer])
    groups: dict[str, list[BucketGrant]] = {}
    for grant in grants:
        groups.setdefault(grant.group or grant.name, []).append(grant)
    connections: dict[str, S3Connection] = {}
    for members in groups.values():
        connections |= _serve(name, context, server, members, parent)
    retirement = _retirement(name, context, server, grants)
    return Store(connections=connections, endpoint=server.endpoint, retirements=[retirement])


def _serve(
    name: str, context: StackContext, server: MinioServer, grants: Sequence[BucketGrant], parent: pulumi.Resource
) -> dict[str, S3Connection]:
    """The keys of one group."""
    passwords: list[pulumi.Output[str]] = []
    variables: list[k8s.core.v1.EnvVarArgsDict] = []
    connections: dict[str, S3Connection] = {}
    for number, grant in enumerate(grants):
        resource = f"{name}-{grant.name}"
        secret_key = generate_password(resource, context, parent, generation=grant.generation)
        # Another user for each generation: the former key is good until nothing uses it.
        values: dict[str, pulumi.Input[str]] = {"access-key": _user(name, grant), "secret-key": secret_key}
        key = store_secret(resource, context, parent, values)
        access_key_id, secret_access_key = key_of(key, "access-key"), key_of(key, "secret-key")
        passwords.append(secret_key)
        variables += [
            pods.secret_env(f"ACCESS_KEY_{number}", access_key_id),
            pods.secret_env(f"SECRET_KEY_{number}", secret_access_key),
            pods.env(f"BUCKET_{number}", grant.bucket),
            pods.env(f"PREFIX_{number}", grant.prefix),
            pods.env(f"LISTABLE_{number}", "true" if "list" in grant.actions else "false"),
            pods.env(f"POLICY_NAME_{number}", resource),
            pods.env(f"POLICY_{number}", policy_json(grant)),
        ]
        connections[grant.name] = S3Connection(
            bucket=grant.bucket,
            region=server.region,
            endpoint=server.endpoint,
            prefix=grant.prefix,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            ca=server.ca,
            peer=server.peer,
        )
    job = SetupJob(
        component=COMPONENT,
        image=context.image("minio_client"),
        user=USER,
        script=GRANT_SCRIPT,
        environment=[
            *_root(server),
            pods.env("REGION", server.region),
            pods.env("VERSIONING", "true" if server.versioning else "false"),
            pods.env("KEYS", " ".join(map(str, range(len(grants))))),
            *variables,
        ],
        files=ca_files(server.ca),
        mounts=ca_mounts(server.ca),
        passwords=passwords,
        resources=RESOURCES,
    )
    group = grants[0].group or grants[0].name
    run_setup_job(f"{name}-{group}-setup", context, job, parent, after=[server.resource])
    return connections


def _user(name: str, grant: BucketGrant) -> str:
    """The user of the newest generation of a key."""
    first = f"{name}-{grant.name}"
    return first if grant.generation == 1 else f"{first}-{grant.generation}"


def _retirement(name: str, context: StackContext, server: MinioServer, grants: Sequence[BucketGrant]) -> Retirement:
    """Removes the users of former generations, and of grants that are no longer asked for."""
    job = SetupJob(
        component=COMPONENT,
        image=context.image("minio_client"),
        user=USER,
        script=RETIRE_SCRIPT,
        environment=[
            *_root(server),
            pods.env("STORE", name),
            pods.env("KEPT_USERS", " ".join(_user(name, grant) for grant in grants)),
        ],
        files=ca_files(server.ca),
        mounts=ca_mounts(server.ca),
        resources=RESOURCES,
    )
    return Retirement(name=f"{name}-retirement", job=job, peer=server.peer)


def _root(server: MinioServer) -> list[k8s.core.v1.EnvVarArgsDict]:
    return [
        pods.secret_env("ROOT_USER", key_of(server.root, "root-user")),
        pods.secret_env("ROOT_PASSWORD", key_of(server.root, "root-password")),
        pods.env("SCHEME", server.scheme),
        pods.env("ADDRESS", server.address),
        *client_environment(server.ca),
    ]


def client_environment(ca: SecretKey | None) -> list[k8s.core.v1.EnvVarArgsDict]:
    """Where mc keeps its files, and the CA that it trusts instead of the public ones."""
    variables = [pods.env("MC_CONFIG_DIR", "/tmp/.mc")]  # noqa: S108 - a volume of the pod alone
    return [*variables, pods.env("SSL_CERT_FILE", f"{CA_DIRECTORY}/ca.crt")] if ca else variables


def ca_files(ca: SecretKey | None) -> list[k8s.core.v1.VolumeArgsDict]:
    """The volume with the CA, if there is one."""
    return [pods.secret_files("ca", ca.name, {ca.key: "ca.crt"})] if ca else []


def ca_mounts(ca: SecretKey | None) -> list[k8s.core.v1.VolumeMountArgsDict]:
    """Where the volume with the CA goes, if there is one."""
    return [pods.mount("ca", CA_DIRECTORY, read_only=True)] if ca else []
