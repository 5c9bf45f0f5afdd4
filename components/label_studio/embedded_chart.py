"""The embedded chart, saying the version of Label Studio that the stack's image has.

helm reads the version of an application (``helm list``, the label ``app.kubernetes.io/version``) from Chart.yaml alone.
For an image of another version than Chart.yaml's, the release gets a copy of the chart that differs in nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

_CHART = Path("charts", "label-studio")
# Beside the folder of the components in a checkout, inside their package where that is installed.
EMBEDDED_CHART = next(
    (folder / _CHART for folder in Path(__file__).parents[1:3] if (folder / _CHART).exists()),
    Path(__file__).parents[2] / _CHART,
)
# What the chart gives to each container, which the queue workers need as well; its file says how to read it.
CONTAINERS: dict[str, Any] = yaml.safe_load((EMBEDDED_CHART / "files" / "containers.yaml").read_text())
# Its defaults; those of probes are given to the published charts as well, whose own ones wait a minute.
VALUES: dict[str, Any] = yaml.safe_load((EMBEDDED_CHART / "values.yaml").read_text())
# Below the folder of the program, as releases keep paths relative to it.
COPIES = Path(".charts")
_VERSION = re.compile(r"^appVersion: .*$", re.M)
# Of the value of a label.
_MAXIMUM = 63


def chart_for(image: str) -> str:
    """The path of the chart for an image, relative to the working directory so that it is the same on each machine."""
    version = app_version(image)
    original = EMBEDDED_CHART / "Chart.yaml"
    changed = _VERSION.sub(f'appVersion: "{version}"', original.read_text())
    if changed == original.read_text():
        return os.path.relpath(EMBEDDED_CHART)
    copy = COPIES / f"{version}-{content_digest(EMBEDDED_CHART)}" / EMBEDDED_CHART.name
    if not copy.exists():
        _make(copy, changed)
    return str(copy)


def app_version(image: str) -> str:
    """The tag of an image, or what can be told of its digest, as a label may have it."""
    name, _, digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    return (tag or digest.replace(":", "-"))[:_MAXIMUM].strip("-._")


def content_digest(directory: Path) -> str:
    """What changes with the files of a chart."""
    digest = sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(directory)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _make(copy: Path, metadata: str) -> None:
    COPIES.mkdir(exist_ok=True)
    (COPIES / ".gitignore").write_text("*\n")
    with tempfile.TemporaryDirectory(dir=COPIES) as folder:
        whole = Path(folder, "whole")
        shutil.copytree(EMBEDDED_CHART, whole / copy.name)
        (whole / copy.name / "Chart.yaml").write_text(metadata)
        # Another program may be at it at the same time, with the same content.
        with suppress(OSError):
            whole.rename(copy.parent)
