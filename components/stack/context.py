"""The translation of what several settings models share into arguments of components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi

from ..connections import OtherNamespace, Outside, Peer, SecretKey
from ..kubernetes.backing_service import VolumeClaim
from ..kubernetes.pods import Placement
from ..settings.base import Scheduling, SecretReference, Storage
from ..settings.network import AMAZON, Addresses, host_and_port, namespace_of, network_of
from .settings import Settings


class ServiceArguments(TypedDict):
    """The keyword arguments that every backing service takes (``components.service.ServiceArgs``)."""

    namespace: pulumi.Input[str]
    cluster_domain: str
    network_policies: bool
    protect: bool
    placement: Placement


class OperatedArguments(TypedDict):
    """What is added for those whose servers an operator runs (``components.operated.OperatedArgs``)."""

    rollout_image: str
    operator_namespace: str


@dataclass(frozen=True)
class Translation:
    """Settings of the stack beside the namespace that its parts wait for."""

    settings: Settings
    namespace: pulumi.Output[str]

    def image(self, name: str) -> str:
        """The reference of an image by its field in ``settings.images``."""
        return self.settings.image(name)

    def placement(self, scheduling: Scheduling | None = None) -> Placement:
        """Where the pods of one part may run."""
        chosen = scheduling or Scheduling()
        return Placement(
            image_pull_secrets=self.settings.cluster.image_pull_secrets,
            node_selector=chosen.node_selector,
            tolerations=tolerations(chosen),
        )

    def service(self, scheduling: Scheduling | None = None) -> ServiceArguments:
        """What every backing service is told."""
        cluster = self.settings.cluster
        return ServiceArguments(
            namespace=self.namespace,
            cluster_domain=cluster.domain,
            network_policies=cluster.network_policies,
            protect=cluster.protect_data,
            placement=self.placement(scheduling),
        )

    def peer(self, host: str, port: int, addresses: Addresses | None) -> Peer | None:
        """Where a server of somebody else is: where the settings say, or else what its name or address tells."""
        if addresses:
            return Outside(addresses, port)
        if namespace := namespace_of(host, self.settings.cluster.domain):
            return OtherNamespace(namespace)
        network = network_of(host)
        return Outside([network], port) if network else None

    def s3_peer(self, endpoint: str | None, addresses: Addresses | None) -> Peer | None:
        """The same for an S3 server; Amazon's without an endpoint."""
        host, port = host_and_port(endpoint or AMAZON.format(region="any"))
        return self.peer(host, port, addresses)

    def operated(self, operator_namespace: str) -> OperatedArguments:
        """What every backend is told whose servers an operator runs."""
        return OperatedArguments(rollout_image=self.image("label_studio"), operator_namespace=operator_namespace)


def tolerations(scheduling: Scheduling) -> list[Any]:
    """Tolerations as Kubernetes takes them."""
    return [toleration.model_dump(exclude_none=True) for toleration in scheduling.tolerations]


def secret_key(reference: SecretReference) -> SecretKey:
    """The key of the Secret that the settings name."""
    return SecretKey(reference.secret_name, reference.secret_key)


def optional_secret_key(reference: SecretReference | None) -> SecretKey | None:
    """The key of the Secret that the settings name, if they do."""
    return secret_key(reference) if reference else None


def volume_claim(storage: Storage) -> VolumeClaim:
    """The volume that the settings describe."""
    return VolumeClaim(size=storage.size, storage_class=storage.storage_class)
