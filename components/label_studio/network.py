"""What may talk to Label Studio's pods, and what they may talk to, besides the cluster's DNS."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as k8s

from components import network_policy
from components.label_studio.args import LabelStudioArgs
from components.label_studio.values import HTTP_PORT, names, worker_names
from components.network_policy import Egress, Ingress, Peer

Port = k8s.networking.v1.NetworkPolicyPortArgsDict

# RFC 1918, 6598 and 3927 (which holds the clouds' metadata services); RFC 4193 and 4291.
PRIVATE_IPV4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]
PRIVATE_IPV6 = ["fc00::/7", "fe80::/10"]
SCHEME_PORTS = {"http": 80, "https": 443}
SAME_NAMESPACE: Peer = {"pod_selector": {}}


def network_policies(release: str, args: LabelStudioArgs, parent: pulumi.Resource) -> None:
    """Allow requests to the page, and connections of page and workers to their services and to ``args.outbound``."""
    egress = [*_services(args), *_outbound(args)]
    network_policy.allow(
        f"{release}-page", args, parent, names(release), ingress=[_requests(args.ingress_namespace)], egress=egress
    )
    if args.redis:
        network_policy.allow(f"{release}-worker", args, parent, worker_names(release), egress=egress)


def _requests(ingress_namespace: str | None) -> Ingress:
    ports: Sequence[Port] = [_port(HTTP_PORT)]
    if ingress_namespace is None:
        return {"ports": ports}
    controller: Peer = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": ingress_namespace}}}
    return {"from_": [controller, SAME_NAMESPACE], "ports": ports}


def _services(args: LabelStudioArgs) -> list[Egress]:
    ports: list[pulumi.Input[int]] = [args.postgresql.port]
    if args.redis:
        ports.append(args.redis.port)
    if args.s3:
        ports.append(_endpoint_port(args.s3.endpoint))
    # The port of a pod may differ from that of its Service, so the namespace is open: what guards its pods are the
    # policies that say who may reach them.
    return [{"to": [SAME_NAMESPACE]}, {"ports": [_port(port) for port in ports]}]


def _endpoint_port(endpoint: pulumi.Input[str] | None) -> pulumi.Input[int]:
    if endpoint is None:
        return SCHEME_PORTS["https"]
    return _url_port(endpoint) if isinstance(endpoint, str) else pulumi.Output.all(endpoint).apply(_first_url_port)


def _first_url_port(urls: list[str]) -> int:
    return _url_port(urls[0])


def _url_port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or SCHEME_PORTS[parts.scheme]


def _outbound(args: LabelStudioArgs) -> list[Egress]:
    match args.outbound:
        case "none":
            return []
        case "everywhere":
            return [{}]
        case "internet":
            public: list[Peer] = [
                {"ip_block": {"cidr": "0.0.0.0/0", "except_": PRIVATE_IPV4}},
                {"ip_block": {"cidr": "::/0", "except_": PRIVATE_IPV6}},
            ]
            return [{"to": public, "ports": [_port(port) for port in SCHEME_PORTS.values()]}]


def _port(port: pulumi.Input[int]) -> Port:
    return {"protocol": "TCP", "port": port}
