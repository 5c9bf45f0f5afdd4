"""How many pods of the page run, and how many may be away; own objects, since no chart has both."""

from __future__ import annotations

from typing import Any

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
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": scale.target_cpu}}
    spec: Any = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service_name(release)},
        "minReplicas": scale.min_replicas,
        "maxReplicas": scale.max_replicas,
        "metrics": [{"type": "Resource", "resource": cpu}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": SCALE_DOWN_SECONDS}},
    }
    return k8s.autoscaling.v2.HorizontalPodAutoscaler(
        f"{release}-autoscaler", metadata=_metadata(release, args), spec=spec, opts=opts
    )


def disruption_budget(
    release: str, args: LabelStudioArgs, opts: pulumi.ResourceOptions
) -> k8s.policy.v1.PodDisruptionBudget:
    """Lets nodes be drained one pod at a time."""
    spec: Any = {"maxUnavailable": 1, "selector": {"matchLabels": names(release)}}
    return k8s.policy.v1.PodDisruptionBudget(
        f"{release}-disruption-budget", metadata=_metadata(release, args), spec=spec, opts=opts
    )


def _metadata(release: str, args: LabelStudioArgs) -> Any:
    return {"name": service_name(release), "namespace": args.context.namespace, "labels": names(release)}
