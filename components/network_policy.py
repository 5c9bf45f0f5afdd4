"""Which traffic a backing service needs; all other is refused by the policy of the namespace.

A policy looks at pods and their ports, after the address of a Service has been translated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.pods import PART_OF
from components.service import ServiceArgs

Ingress = k8s.networking.v1.NetworkPolicyIngressRuleArgsDict
Egress = k8s.networking.v1.NetworkPolicyEgressRuleArgsDict
Peer = k8s.networking.v1.NetworkPolicyPeerArgsDict

# A policy cannot name the API server: its Service translates to addresses of nodes that differ per cluster.
API_SERVER_PORTS = (443, 6443)


def allow(  # noqa: PLR0913 - a policy has both directions
    name: str,
    args: ServiceArgs,
    parent: pulumi.Resource,
    pods: Mapping[str, str],
    *,
    ingress: Sequence[Ingress] = (),
    egress: Sequence[Egress] = (),
) -> None:
    """Lets the pods with these labels be reached by, and reach, what the rules say."""
    if not args.network_policies:
        return
    k8s.networking.v1.NetworkPolicy(
        name,
        metadata={
            "name": name,
            "namespace": args.namespace,
            "labels": {"app.kubernetes.io/part-of": PART_OF},
        },
        spec={
            "pod_selector": {"match_labels": pods},
            "policy_types": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
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


def to_anywhere(*ports: int) -> Egress:
    """To these ports of any address: for servers outside, and for the API server."""
    return {"ports": _ports(*ports)}


def to_api_server() -> Egress:
    """To the API server, for pods of operators that read and write their resources."""
    return to_anywhere(*API_SERVER_PORTS)


def _pods(pods: Mapping[str, str]) -> Peer:
    return {"pod_selector": {"match_labels": pods}}


def _namespace(name: str) -> Peer:
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": name}}}


def _ports(*ports: int) -> list[k8s.networking.v1.NetworkPolicyPortArgsDict]:
    return [{"protocol": "TCP", "port": port} for port in sorted(set(ports))]
