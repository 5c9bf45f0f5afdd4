"""The Helm release of Label Studio's chart, whichever it is."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from . import embedded_chart
from .args import LabelStudioArgs
from .chart_settings import PublishedChart
from .values import Values

REPOSITORY_CHARTS = {"upstream": "label-studio", "alauda": "chart-label-studio"}
HISTORY = 10


def install(release: str, args: LabelStudioArgs, values: Values, opts: pulumi.ResourceOptions) -> k8s.helm.v3.Release:
    """Install or upgrade; a failed upgrade goes back to what ran before."""
    return k8s.helm.v3.Release(
        f"{release}-release",
        name=release,
        namespace=args.context.namespace,
        values=values,
        # Null takes a default of a chart away. The provider keeps nulls by default since 4.30; before, it drops them.
        allow_null_values=True,
        atomic=True,
        cleanup_on_fail=True,
        create_namespace=False,
        skip_await=False,
        timeout=args.settings.release_timeout,
        max_history=HISTORY,
        **chart_location(args),
        opts=opts,
    )


def chart_location(args: LabelStudioArgs) -> dict[str, Any]:
    """The inputs of a Release that say where its chart is."""
    chart = args.settings.chart
    if not isinstance(chart, PublishedChart):
        # A release is upgraded when its inputs change, of which templates are none: the description says that they did.
        digest = embedded_chart.content_digest(embedded_chart.EMBEDDED_CHART)
        return {"chart": embedded_chart.chart_for(args.image), "description": f"chart {digest}"}
    if chart.is_archive:
        return {"chart": chart.source}
    if chart.source.startswith("oci://"):
        return {"chart": chart.source, "version": chart.version}
    return {
        "chart": REPOSITORY_CHARTS[chart.flavour],
        "repository_opts": {"repo": chart.source},
        "version": chart.version,
    }
