"""The translation of what several settings models share into arguments of components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi

from components.connections import SecretKey
from components.pods import Placement
from components.service import VolumeClaim
from settings import Settings
from settings.base import Scheduling, SecretReference, Storage


class ServiceArguments(TypedDict):
    """The keyword arguments that every backing service takes (``components.service.ServiceArgs``)."""

    namespace: pulumi.Input[str]
    cluster_domain: str
    network_policies: bool
    protect: bool
    placement: Placement


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
