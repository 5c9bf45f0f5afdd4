"""The Helm release of Label Studio's chart, whichever it is."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..kubernetes import names
from . import embedded_chart
from .args import LabelStudioArgs
from .chart_settings import PublishedChart
from .values import Values

REPOSITORY_CHARTS = {"upstream": "label-studio", "alauda": "chart-label-studio"}
HISTORY = 10
# The charts leave the release's name alone if it contains one of these, and every name here would be another.
AMBIGUOUS = ("ls-app", "ls-pvc")
# Services have names that begin with it, which follow RFC 1035.
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def check_name(name: str) -> None:
    """ValueError where no release, or not everything that is named after it, can have the name."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be the name of a release: it must have lower-case letters, digits and '-' only, begin "
            "with a letter and not end with '-'"
        )
    if any(part in name for part in AMBIGUOUS):
        raise ValueError(f"{name!r} cannot be the name of a release: it contains {' or '.join(AMBIGUOUS)}")
    if len(name) > names.RELEASE:
        raise ValueError(
            f"{name!r} cannot be the name of a release: helm takes at most {names.RELEASE} characters, and this has "
            f"{len(name)}"
        )


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
