"""The namespace of a stack: its pod security level, and the rule that all traffic not asked for is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..kubernetes.network_policy import to_dns
from ..kubernetes.pods import PART_OF
from ..stack.cluster import ClusterSettings


class Namespace(pulumi.ComponentResource):
    """A namespace in which pods are guarded and may, at first, reach nothing but the cluster's DNS.

    Where it is there already, that is said of the pods of this program alone.
    """

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
            # In a namespace that others may live in, theirs are none of this program's business.
            selected: k8s.meta.v1.LabelSelectorArgsDict
            selected = {} if cluster.create_namespace else {"match_labels": {"app.kubernetes.io/part-of": PART_OF}}
            _for_pods(f"{name}-default-deny", cluster.namespace, selected, child, "Ingress", "Egress")
            _for_pods(f"{name}-dns", cluster.namespace, selected, child, "Egress", egress=[to_dns()])
        self.register_outputs({"name": self.name})


def _labels(level: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/part-of": PART_OF,
        **{f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "audit", "warn")},
    }


def _for_pods(
    name: str,
    namespace: str,
    selected: k8s.meta.v1.LabelSelectorArgsDict,
    opts: ResourceOptions,
    *policy_types: str,
    egress: Sequence[k8s.networking.v1.NetworkPolicyEgressRuleArgsDict] = (),
) -> None:
    k8s.networking.v1.NetworkPolicy(
        name,
        metadata={"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": PART_OF}},
        spec={"pod_selector": selected, "policy_types": policy_types, "egress": egress},
        opts=opts,
    )
