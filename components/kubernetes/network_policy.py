"""Which traffic a backing service needs; all other is refused by the policy of the namespace.

A policy looks at pods and their ports, after the address of a Service has been translated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import pulumi
import pulumi_kubernetes as k8s

from ..connections import OtherNamespace, Outside, Peer, ServerPods
from .context import StackContext
from .pods import PART_OF

Ingress = k8s.networking.v1.NetworkPolicyIngressRuleArgsDict
Egress = k8s.networking.v1.NetworkPolicyEgressRuleArgsDict
PolicyPeer = k8s.networking.v1.NetworkPolicyPeerArgsDict

# What IANA's registries of special-purpose addresses keep out of the internet: private networks, link-local addresses
# (which hold the clouds' metadata services), and ranges that clusters use because nobody else does.
PRIVATE_IPV4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
]
PRIVATE_IPV6 = ["::1/128", "100::/64", "2001:db8::/32", "fc00::/7", "fe80::/10", "ff00::/8"]
INTERNET: list[PolicyPeer] = [
    {"ip_block": {"cidr": "0.0.0.0/0", "except_": PRIVATE_IPV4}},
    {"ip_block": {"cidr": "::/0", "except_": PRIVATE_IPV6}},
]
# A policy cannot name the API server: its Service translates to addresses of nodes that differ per cluster.
API_SERVER_PORTS = (443, 6443)


def allow(  # noqa: PLR0913 - a policy has both directions
    name: str,
    context: StackContext,
    parent: pulumi.Resource,
    pods: Mapping[str, str],
    *,
    ingress: Sequence[Ingress] = (),
    egress: Sequence[Egress] = (),
    peers: Sequence[Peer | None] = (),
) -> None:
    """Lets the pods with these labels be reached by, and reach, what the rules say, and reach ``peers``.

    Raises ValueError for a peer that is None, as in a connection that does not say where its server is.
    """
    if not context.network_policies:
        return
    k8s.networking.v1.NetworkPolicy(
        name,
        metadata={
            "name": name,
            "namespace": context.namespace,
            "labels": {"app.kubernetes.io/part-of": PART_OF},
        },
        spec={
            "pod_selector": {"match_labels": pods},
            "policy_types": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": [*(to_peer(peer) for peer in peers), *egress, *([to_dns()] if context.is_shared else [])],
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def from_clients(port: int) -> Ingress:
    """From the pods of Label Studio and of its jobs, in the same namespace."""
    return {"from_": [_pods({"app.kubernetes.io/part-of": PART_OF})], "ports": _ports(port)}


def from_pods(pods: Mapping[str, str], *ports: int) -> Ingress:
    """From pods of the same namespace."""
    return {"from_": [_pods(pods)], "ports": _ports(*ports)}


def from_namespace(namespace: str, *ports: int) -> Ingress:
    """From every pod of another namespace, such as the one of an operator."""
    return {"from_": [_namespace(namespace)], "ports": _ports(*ports)}


def from_anywhere(port: int) -> Ingress:
    """From every pod of the cluster, for metrics."""
    return {"from_": [{"namespace_selector": {}}], "ports": _ports(port)}


def to_pods(pods: Mapping[str, str], *ports: int) -> Egress:
    """To pods of the same namespace."""
    return {"to": [_pods(pods)], "ports": _ports(*ports)}


def to_namespace(namespace: str, *ports: int) -> Egress:
    """To every pod of another namespace."""
    return {"to": [_namespace(namespace)], "ports": _ports(*ports)}


def to_peer(peer: Peer | None) -> Egress:
    """To a server; ValueError where it is not said where that is."""
    match peer:
        case ServerPods():
            return to_pods(peer.labels, peer.port)
        case OtherNamespace():
            return {"to": [_namespace(peer.name)]}
        case Outside():
            return _to_addresses(peer)
        case None:
            raise ValueError(
                "network policies must name every server: give the connection its peer, such as "
                'Outside(["10.0.0.0/24"], 5432), or turn network_policies off'
            )
        case unknown:
            assert_never(unknown)


def to_dns() -> Egress:
    """To the cluster's DNS."""
    # Its pods differ in namespace, labels and port (OpenShift's listen on 5353), and NodeLocal DNSCache answers on a
    # link-local address of the node.
    return {
        "to": [{"namespace_selector": {}}, {"ip_block": {"cidr": "169.254.20.10/32"}}],
        "ports": [{"protocol": protocol, "port": port} for protocol in ("UDP", "TCP") for port in (53, 5353)],
    }


def to_api_server() -> Egress:
    """To the API server, for pods of operators that read and write their resources."""
    return {"ports": _ports(*API_SERVER_PORTS)}


def _to_addresses(peer: Outside) -> Egress:
    ports = _ports(peer.port)
    if "any" in peer.addresses:
        return {"ports": ports}
    public = INTERNET if "internet" in peer.addresses else []
    networks: list[PolicyPeer] = [{"ip_block": {"cidr": each}} for each in peer.addresses if each != "internet"]
    return {"to": [*networks, *public], "ports": ports}


def _pods(pods: Mapping[str, str]) -> PolicyPeer:
    return {"pod_selector": {"match_labels": pods}}


def _namespace(name: str) -> PolicyPeer:
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": name}}}


def _ports(*ports: pulumi.Input[int]) -> list[k8s.networking.v1.NetworkPolicyPortArgsDict]:
    return [{"protocol": "TCP", "port": port} for port in dict.fromkeys(ports)]
