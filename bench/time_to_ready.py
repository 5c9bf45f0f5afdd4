"""How soon a new pod is ready, against the probes of HumanSignal's chart, on the stack that `make up` serves.

    .venv/bin/python -m bench.time_to_ready [RUNS]

Both pods are alike but for their probes: HumanSignal's chart (1.11.5) asks for the first time after a blind
minute. Prints the seconds of each pair of runs and the median of their ratios.
"""

from __future__ import annotations

import copy
import statistics
import sys
import time
from functools import partial

from local.cluster.api import Api, Object, wait

NAMESPACE = "label-studio"
DEPLOYMENT = "label-studio-ls-app"
BLIND_SECONDS = 60
PATIENCE_SECONDS = 300


def main() -> None:
    """Measure in turn, so that both kinds of pod meet the same machine."""
    api, runs = Api(), int(sys.argv[1]) if len(sys.argv) > 1 else 3
    served = api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{DEPLOYMENT}")
    ratios = []
    for run in range(runs):
        ours = seconds_to_ready(api, variant(served, f"bench-ours-{run}"))
        blind = seconds_to_ready(api, with_blind_minute(variant(served, f"bench-blind-{run}")))
        ratios.append(ours / blind)
        print(f"this chart {ours:.1f} s, blind minute {blind:.1f} s, ratio {ratios[-1]:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}")


def variant(served: Object, name: str) -> Object:
    """The same pods of another Deployment; all their labels stay, or network policies would cut them off."""
    spec = copy.deepcopy(served["spec"])
    spec["template"]["metadata"]["labels"]["bench"] = name
    spec["selector"] = {"matchLabels": {"bench": name}}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def with_blind_minute(deployment: Object) -> Object:
    """The application's probes as HumanSignal's chart has them."""
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        if container.pop("startupProbe", None):
            container["readinessProbe"]["initialDelaySeconds"] = BLIND_SECONDS
            container["livenessProbe"]["initialDelaySeconds"] = BLIND_SECONDS
    return deployment


def seconds_to_ready(api: Api, deployment: Object) -> float:
    """Seconds from making the Deployment until its pod takes requests; it is gone afterwards."""
    name, began = deployment["metadata"]["name"], time.monotonic()
    api.apply([deployment])
    try:
        wait(f"{name} to be available", partial(api.available, NAMESPACE, name), PATIENCE_SECONDS)
        return time.monotonic() - began
    finally:
        api.delete([deployment])


if __name__ == "__main__":
    main()
