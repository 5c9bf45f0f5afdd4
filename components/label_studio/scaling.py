"""How many pods of the page run, and how many may be away; own objects, since no chart has both."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from .args import LabelStudioArgs
from .settings import Autoscaling
from .values import names, service_name

# Seconds of low use before pods go: a pod that starts takes about one minute of CPU.
SCALE_DOWN_SECONDS = 300


def autoscaler(
    release: str, args: LabelStudioArgs, scale: Autoscaling, opts: pulumi.ResourceOptions
) -> k8s.autoscaling.v2.HorizontalPodAutoscaler:
    """Follows the CPU use of the pods; needs a metrics server in the cluster."""
    target: k8s.autoscaling.v2.MetricTargetArgsDict = {"type": "Utilization", "average_utilization": scale.target_cpu}
    return k8s.autoscaling.v2.HorizontalPodAutoscaler(
        f"{release}-autoscaler",
        metadata=_metadata(release, args),
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": service_name(release)},
            "min_replicas": scale.min_replicas,
            "max_replicas": scale.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scale_down": {"stabilization_window_seconds": SCALE_DOWN_SECONDS}},
        },
        opts=opts,
    )


def disruption_budget(
    release: str, args: LabelStudioArgs, opts: pulumi.ResourceOptions
) -> k8s.policy.v1.PodDisruptionBudget:
    """Lets nodes be drained one pod at a time."""
    return k8s.policy.v1.PodDisruptionBudget(
        f"{release}-disruption-budget",
        metadata=_metadata(release, args),
        spec={"max_unavailable": 1, "selector": {"match_labels": names(release)}},
        opts=opts,
    )


def _metadata(release: str, args: LabelStudioArgs) -> k8s.meta.v1.ObjectMetaArgsDict:
    return {"name": service_name(release), "namespace": args.context.namespace, "labels": names(release)}
