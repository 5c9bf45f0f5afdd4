"""What every service needs of the stack that it is part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import pulumi
import pulumi_kubernetes as k8s

from ..connections import OtherNamespace, Outside, Peer
from ..settings.base import Scheduling
from ..settings.grammars.hosts import Addresses
from ..settings.images import ImageSettings
from ..settings.network import AMAZON, host_and_port, namespace_of, network_of
from ..settings.rotation import Rotation
from .contents import Contents
from .pods import Placement, pod_security, user_security


@dataclass(frozen=True, kw_only=True)
class StackContext:
    """Where services live and how they are guarded.

    With ``protect`` Pulumi refuses to delete what holds data, volumes outlive their StatefulSet, and Secrets
    without which the data cannot be read stay when the stack is destroyed. ``scheduling`` is that of one service.
    In a namespace that ``is_shared`` no policy speaks of other pods than those of the stack and its operators.
    ``run_as_user`` is the user of every pod, unless each has that of its image; None where the cluster assigns them.
    ``ingress_namespace`` is the only other namespace that may reach the page; any may where it is None.
    ``contents`` are what pods read, and ``rotation`` says which generation of its passwords is in use.
    """

    namespace: pulumi.Input[str]
    images: ImageSettings = field(default_factory=ImageSettings)
    cluster_domain: str = "cluster.local"
    network_policies: bool = True
    is_shared: bool = False
    run_as_user: int | Literal["image"] | None = "image"
    protect: bool = True
    image_pull_secrets: Sequence[pulumi.Input[str]] = ()
    ingress_namespace: str | None = None
    scheduling: Scheduling = field(default_factory=Scheduling)
    contents: Contents = field(default_factory=Contents)
    rotation: Rotation = field(default_factory=Rotation)

    def scheduled(self, scheduling: Scheduling) -> Self:
        """The context of a service whose pods may run on these nodes only."""
        return replace(self, scheduling=scheduling)

    def user(self, own: int | None) -> int | None:
        """The user that a pod names, whose image or settings have ``own``."""
        return own if self.run_as_user == "image" else self.run_as_user

    def pod_security(self, own: int) -> k8s.core.v1.PodSecurityContextArgsDict:
        """The security of a pod whose image has the user ``own``, and a group of that number."""
        return pod_security(own) if self.run_as_user == "image" else user_security(self.run_as_user)

    def image(self, name: str) -> str:
        """The image to pull, by its field in ``images``."""
        return self.images.reference(name)

    @property
    def placement(self) -> Placement:
        """Where pods may run, and how their images are pulled."""
        return Placement(
            image_pull_secrets=self.image_pull_secrets,
            node_selector=self.scheduling.node_selector,
            tolerations=self.scheduling.to_kubernetes(),
        )

    def peer(self, host: pulumi.Input[str], port: pulumi.Input[int], addresses: Addresses | None) -> Peer | None:
        """Where a server outside of the stack is: where the settings say, or else what its name or address tells."""
        if addresses:
            return Outside(addresses, port)
        if not isinstance(host, str):
            return None
        if namespace := namespace_of(host, self.cluster_domain):
            return OtherNamespace(namespace)
        network = network_of(host)
        return Outside([network], port) if network else None

    def s3_peer(self, endpoint: pulumi.Input[str] | None, addresses: Addresses | None) -> Peer | None:
        """The same for an S3 server; Amazon's without an endpoint."""
        if endpoint is not None and not isinstance(endpoint, str):
            port_of_endpoint = pulumi.Output.concat(endpoint).apply(lambda url: host_and_port(url)[1])
            return self.peer(endpoint, port_of_endpoint, addresses)
        host, port = host_and_port(endpoint or AMAZON.format(region="any"))
        return self.peer(host, port, addresses)
