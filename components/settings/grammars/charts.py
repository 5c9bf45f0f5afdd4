"""Helm charts: where they are published, and which version."""

from __future__ import annotations

import re
from typing import Annotated

from .grammar import Grammar
from .hosts import is_host
from .images import REPOSITORY

URL = re.compile(r"https://(?P<host>[^/:@?#\s\\]+)(?::(?P<port>\d{1,5}))?(?P<path>/[-A-Za-z0-9._~%/+]*)?", re.ASCII)
OCI = re.compile(rf"oci://(?P<host>[^/:@?#\s\\]+)(?::(?P<port>\d{{1,5}}))?/{REPOSITORY}", re.ASCII)
ARCHIVE = re.compile(r"[^\x00-\x1f\x7f:@]+\.tgz")


def _source(value: str) -> str:
    match = URL.fullmatch(value) or OCI.fullmatch(value)
    if match and is_host(match["host"]) and 1 <= int(match["port"] or "1") <= 65535:
        return value
    if ARCHIVE.fullmatch(value):
        return value
    raise ValueError(SOURCE.refusal)


SOURCE = Grammar(
    "source of a chart",
    "a repository (https://…), an OCI reference (oci://…/chart) or an archive (….tgz)",
    ("https://charts.example.com", "oci://registry.example.com/charts/label-studio", "charts/label-studio-1.11.5.tgz"),
    check=_source,
)
ChartSource = Annotated[str, SOURCE]
Version = Annotated[
    str,
    Grammar(
        "version",
        "one version, not a range",
        ("1.11.5", "3.0.0-rc.1"),
        r"v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z.-]{1,64})?(\+[0-9A-Za-z.-]{1,64})?",
        shown=r"[v^~><=*x ]{0,3}\d{1,4}(\.(\d{1,4}|x|\*)){0,2}",
    ),
]
