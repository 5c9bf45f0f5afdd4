"""`make version`: every part that is deployed from here or deploys it, with its version."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from components.stack.settings import validate_stack
from local import packages
from local.engine import read
from local.machine import HOME
from local.paths import PROJECT
from local.plugins import install
from local.tools.build import BUILDS, USUAL, VARIABLES, Tool

_SDKS = ("pulumi", "pulumi-kubernetes", "pulumi-random", "pulumi-policy")
_REQUIRED = re.compile(r"^\s*(?:require\s+)?(\S+)\s+(v\S+)", re.M)


def lines() -> Iterator[str]:
    """A line for each part: what it is called, and its version."""
    yield f"this program: {_commit()}"
    yield from (f"{name} (SDK): {version(name)}" for name in _SDKS)
    yield from (f"{name}: {_tool_version(BUILDS[name])}" for name in USUAL)
    yield from (f"{name}: {found} (Debian)" for name, found in _debian_packages().items())
    yield f"stand-ins for official plugins: {', '.join(stand_ins()) or 'none'}"
    chart = yaml.safe_load((PROJECT / "charts" / "label-studio" / "Chart.yaml").read_text())
    config = read(PROJECT / "Pulumi.dev.yaml")["config"]
    yield f"chart label-studio: {chart['version']}, appVersion {_app_version(config)}"
    yield from (f"image: {image}" for image in _images(config))


def stand_ins() -> list[str]:
    """What stands in for plugins of Pulumi's that could not be had when the stack was deployed."""
    refused = [plugin for plugin in install.plugins() if (HOME / "unavailable" / plugin.folder).exists()]
    return [f"{plugin.executable} {plugin.version}" for plugin in refused if plugin.package]


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--tags"]
    try:
        described = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        described = ""
    pyproject = (PROJECT / "pyproject.toml").read_text()
    found = re.search(r'^version = "(.+)"$', pyproject, re.M)
    return " ".join(filter(None, [found[1] if found else "", f"(commit {described})" if described else ""]))


def _tool_version(tool: Tool) -> str:
    """What a tool says of itself, or the version of the module that it is built from."""
    package = _imported(tool.directory / tool.package) if tool.package.startswith("./") else tool.package
    modules = dict(_REQUIRED.findall((tool.directory / "go.mod").read_text()))
    owner = max((name for name in modules if f"{package}/".startswith(f"{name}/")), key=len, default="")
    said = [value for name, value in VARIABLES.get(tool.module, {}).items() if owner and name.startswith(f"{owner}/")]
    return said[0] if said else modules.get(owner, "of this program")


def _imported(folder: Path) -> str:
    """What a main package of ours is about: the first package that it imports."""
    found = re.search(r'"(\S+\.\S+)"', (folder / "main.go").read_text())
    return found[1] if found else ""


def _debian_packages() -> dict[str, str]:
    """The packages that the platform runs on, as far as they are installed."""
    command = ["dpkg-query", "--show", *dict.fromkeys(packages.CLUSTER.values())]
    try:
        printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return {}
    return dict(line.split("\t") for line in printed.splitlines() if not line.endswith("\t"))


def _app_version(config: Mapping[str, Any]) -> str:
    """What helm shows of the release: the version of the image, whatever Chart.yaml has."""
    from components.label_studio.embedded_chart import app_version  # noqa: PLC0415 - imports Pulumi's SDK

    return app_version(validate_stack(config).image("label_studio"))


def _images(config: Mapping[str, Any]) -> list[str]:
    # Composing the stack needs the whole program, whose import takes longer than most commands here.
    from scripts.images import references  # noqa: PLC0415

    return [str(reference) for reference in references(config)]
