"""How the charts of others want the values that ``values.chart_values`` makes for the embedded one.

Sources: HumanSignal/charts ``label-studio`` 1.11.5 (values.yaml, values.schema.json, which refuses unknown keys) and
the deployment guide of Alauda AI, whose chart has that one as its part ``label-studio``.
"""

from __future__ import annotations

from components.label_studio.args import Flavour
from components.label_studio.values import Values


def reshape(values: Values, flavour: Flavour) -> Values:
    """The values for the chart of ``flavour``."""
    if flavour == "upstream":
        return _upstream(values)
    if flavour == "alauda":
        return _alauda(values)
    return values


def _upstream(values: Values) -> Values:
    return {
        "global": _global_with_claim(values),
        # One replica is the chart's default; null takes it away, or an upgrade would undo what the autoscaler did.
        "app": {"replicas": None, **_without_startup_probe(values["app"])},
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


def _without_startup_probe(app: Values) -> Values:
    """A chart without startup probes must not kill a server that still starts: its liveness probe waits as long."""
    startup = app["startupProbe"]
    patience = startup["periodSeconds"] * startup["failureThreshold"]
    patient = {**app, "livenessProbe": {**app["livenessProbe"], "initialDelaySeconds": patience}}
    return {key: value for key, value in patient.items() if key != "startupProbe"}
