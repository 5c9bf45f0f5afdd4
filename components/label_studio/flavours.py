"""How the charts of others want the values that ``values.chart_values`` makes for the embedded one.

Sources: HumanSignal/charts ``label-studio`` 1.11.5 and 2.0.5 (values.yaml, and values.schema.json, which refuses
unknown keys), and the deployment guide of Alauda AI, whose chart has that one as its part ``label-studio``.
"""

from __future__ import annotations

from typing import assert_never

from .chart_settings import Flavour
from .values import Values


def reshape(values: Values, flavour: Flavour) -> Values:
    """The values for the chart of ``flavour``."""
    match flavour:
        case "embedded":
            return values
        case "upstream":
            return _upstream(values)
        case "alauda":
            return _alauda(values)
        case unknown:
            assert_never(unknown)


def _upstream(values: Values) -> Values:
    return {
        "global": _global_with_claim(values),
        "app": _app(values["app"]),
        # Its own PostgreSQL and Redis come in images that are frozen, and its queue workers are for the Enterprise.
        "postgresql": {"enabled": False},
        "redis": {"enabled": False},
        "rqworker": {"enabled": False},
    }


def _alauda(values: Values) -> Values:
    upstream = _upstream(values)
    shared = upstream.pop("global")
    claim = {"persistence": values["persistence"]} if "persistence" in values else {}
    return {"global": shared, "label-studio": {**upstream, **claim}}


def _global_with_claim(values: Values) -> Values:
    shared: Values = values["global"]
    if "persistence" not in values:
        return shared
    persistence = shared["persistence"]
    volume = {**persistence["config"]["volume"], **values["persistence"]}
    return {**shared, "persistence": {**persistence, "config": {"volume": volume}}}


def _app(app: Values) -> Values:
    """Null takes a default of the chart away: one replica (an upgrade would undo what an autoscaler did), user 1001."""
    pod = app["podSecurityContext"]
    user = pod["runAsUser"]
    startup = app["startupProbe"]
    reshaped = {
        "replicas": None,
        **app,
        "podSecurityContext": {key: value for key, value in pod.items() if value is not None or key == "fsGroup"},
        "containerSecurityContext": {**app["containerSecurityContext"], "runAsUser": user},
        # Without startup probes, the liveness probe must leave a server alone for as long as it may take to start.
        "livenessProbe": {
            **app["livenessProbe"],
            "initialDelaySeconds": startup["periodSeconds"] * startup["failureThreshold"],
        },
    }
    return {key: value for key, value in reshaped.items() if key != "startupProbe"}
