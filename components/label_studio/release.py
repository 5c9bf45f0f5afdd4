"""The Helm release of Label Studio's chart, whichever it is."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.label_studio.args import Chart, LabelStudioArgs
from components.label_studio.values import Values

EMBEDDED_CHART = Path(__file__).parents[2] / "charts" / "label-studio"
REPOSITORY_CHARTS = {"upstream": "label-studio", "alauda": "chart-label-studio"}
HISTORY = 10


def install(release: str, args: LabelStudioArgs, values: Values, opts: pulumi.ResourceOptions) -> k8s.helm.v3.Release:
    """Install or upgrade; a failed upgrade goes back to what ran before."""
    return k8s.helm.v3.Release(
        f"{release}-release",
        name=release,
        namespace=args.namespace,
        values=values,
        # Before version 4.30 the provider drops values that are null, by which a chart's default is removed.
        allow_null_values=True,
        atomic=True,
        cleanup_on_fail=True,
        create_namespace=False,
        skip_await=False,
        timeout=args.release_timeout,
        max_history=HISTORY,
        **chart_location(args.chart),
        opts=opts,
    )


def chart_location(chart: Chart) -> dict[str, Any]:
    """The inputs of a Release that say where its chart is."""
    if chart.source is None:
        # Relative to the program, so that the state does not depend on who ran it where. A release is upgraded when its
        # inputs change, of which the templates are none: the description says that they did.
        return {"chart": os.path.relpath(EMBEDDED_CHART), "description": f"chart {_content_digest(EMBEDDED_CHART)}"}
    if chart.source.endswith(".tgz"):
        return {"chart": chart.source}
    if chart.source.startswith("oci://"):
        return {"chart": chart.source, "version": chart.version}
    return {
        "chart": REPOSITORY_CHARTS[chart.flavour],
        "repository_opts": {"repo": chart.source},
        "version": chart.version,
    }


def _content_digest(directory: Path) -> str:
    digest = sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(directory)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
