"""The namespace of a stack: its pod security level, and the rule that all traffic not asked for is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..stack.cluster import ClusterSettings


class Namespace(pulumi.ComponentResource):
    """A namespace in which pods are guarded and may, at first, reach nothing but the cluster's DNS."""

    name: pulumi.Output[str]

    def __init__(self, name: str, cluster: ClusterSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("label-studio:namespace:Namespace", name, {"podSecurity": cluster.pod_security}, opts)
        child = ResourceOptions(parent=self)
        self.name = pulumi.Output.from_input(cluster.namespace)
        if cluster.create_namespace:
            kept = ResourceOptions(protect=cluster.protect_data, retain_on_delete=cluster.protect_data)
            namespace = k8s.core.v1.Namespace(
                name,
                metadata={"name": cluster.namespace, "labels": _labels(cluster.pod_security)},
                opts=ResourceOptions.merge(child, kept),
            )
            child = ResourceOptions.merge(child, ResourceOptions(depends_on=[namespace]))
            self.name = namespace.metadata["name"]
        if cluster.network_policies:
            _for_all_pods(f"{name}-default-deny", cluster.namespace, child, "Ingress", "Egress")
            _for_all_pods(f"{name}-dns", cluster.namespace, child, "Egress", egress=[_TO_DNS])
        self.register_outputs({"name": self.name})


# The DNS pods of clusters differ in namespace, labels and port (OpenShift's listen on 5353), and NodeLocal DNSCache
# answers on a link-local address of the node.
_TO_DNS: k8s.networking.v1.NetworkPolicyEgressRuleArgsDict = {
    "to": [{"namespace_selector": {}}, {"ip_block": {"cidr": "169.254.20.10/32"}}],
    "ports": [{"protocol": protocol, "port": port} for protocol in ("UDP", "TCP") for port in (53, 5353)],
}


def _labels(level: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/part-of": "label-studio",
        **{f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "audit", "warn")},
    }


def _for_all_pods(
    name: str,
    namespace: str,
    opts: ResourceOptions,
    *policy_types: str,
    egress: Sequence[k8s.networking.v1.NetworkPolicyEgressRuleArgsDict] = (),
) -> None:
    k8s.networking.v1.NetworkPolicy(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={"pod_selector": {}, "policy_types": policy_types, "egress": egress},
        opts=opts,
    )
