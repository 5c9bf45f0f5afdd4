"""What may talk to Label Studio's pods, and what they may talk to, besides the cluster's DNS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import pulumi
import pulumi_kubernetes as k8s

from ..connections import Peer
from ..kubernetes import network_policy
from ..kubernetes.network_policy import INTERNET, Egress, Ingress, PolicyPeer
from .args import LabelStudioArgs
from .values import HTTP_PORT, names, worker_names

Port = k8s.networking.v1.NetworkPolicyPortArgsDict

WEB_PORTS = (80, 443)
SAME_NAMESPACE: PolicyPeer = {"pod_selector": {}}


def network_policies(release: str, args: LabelStudioArgs, parent: pulumi.Resource) -> None:
    """Allow requests to the page, and connections of page and workers to their services and ``outbound``."""
    ingress = [_requests(args.context.ingress_namespace)]
    peers, egress = _services(args), _outbound(args)
    context = args.context
    network_policy.allow(
        f"{release}-page", context, parent, names(release), ingress=ingress, egress=egress, peers=peers
    )
    if args.redis:
        network_policy.allow(f"{release}-worker", context, parent, worker_names(release), egress=egress, peers=peers)


def _requests(ingress_namespace: str | None) -> Ingress:
    ports: Sequence[Port] = [_port(HTTP_PORT)]
    if ingress_namespace is None:
        return {"ports": ports}
    controller: PolicyPeer = {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": ingress_namespace}}
    }
    return {"from_": [controller, SAME_NAMESPACE], "ports": ports}


def _services(args: LabelStudioArgs) -> list[Peer | None]:
    connections = [each for each in (args.postgresql, args.redis, args.uploads) if each]
    return [connection.peer for connection in connections]


def _outbound(args: LabelStudioArgs) -> list[Egress]:
    match args.settings.outbound:
        case "none":
            return []
        case "everywhere":
            return [{}]
        case "internet":
            return [{"to": INTERNET, "ports": [_port(port) for port in WEB_PORTS]}]
        case unknown:
            assert_never(unknown)


def _port(port: int) -> Port:
    return {"protocol": "TCP", "port": port}
