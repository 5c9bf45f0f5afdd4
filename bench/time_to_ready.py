"""How soon a new pod is ready, against the probes of HumanSignal's chart.

Both pods are alike but for their probes: HumanSignal's chart (1.11.5 and 2.0.5) asks for the first time after a blind
minute.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from bench.variants import await_available, served, variant
from local.cluster.api import Api, Object

BLIND_SECONDS = 60


def measure(api: Api, runs: int = 3) -> Iterator[str]:
    """Seconds of each pair of runs, in turn, so that both kinds of pod meet the same machine; then their ratio."""
    deployment = served(api)
    ratios = []
    for run in range(runs):
        ours = seconds_to_ready(api, variant(deployment, f"bench-ours-{run}"))
        blind = seconds_to_ready(api, with_blind_minute(variant(deployment, f"bench-blind-{run}")))
        ratios.append(ours / blind)
        yield f"a pod is ready after: this chart {ours:.1f} s, blind minute {blind:.1f} s, ratio {ratios[-1]:.2f}"
    yield f"time to ready against a blind minute: ratio {statistics.median(ratios):.2f} (median of {runs})"


def with_blind_minute(deployment: Object) -> Object:
    """The application's probes as HumanSignal's chart has them."""
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        if container.pop("startupProbe", None):
            container["readinessProbe"]["initialDelaySeconds"] = BLIND_SECONDS
            container["livenessProbe"]["initialDelaySeconds"] = BLIND_SECONDS
    return deployment


def seconds_to_ready(api: Api, deployment: Object) -> float:
    """Seconds from making the Deployment until its pod takes requests; it is gone afterwards."""
    began = time.monotonic()
    api.apply([deployment])
    try:
        await_available(api, deployment)
        return time.monotonic() - began
    finally:
        api.delete([deployment])
