"""What this machine adds to the stack file of the dev stack: the page's port and address, and a salt for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from local.cluster.network import PAGE_PORT
from local.engine import Engine, read
from local.paths import KUBECONFIG, PROJECT, STATE

HOME = STATE / "stack"
_PAGE = "label-studio:labelStudio"
MACHINE = {_PAGE: {"url": f"http://127.0.0.1:{PAGE_PORT}", "service": {"nodePort": PAGE_PORT}}}
_ABOUT = """# What is true of this machine only: where the page is reached, and the salt of the stack's secrets.
# `make up` lays Pulumi.dev.yaml over this file.
"""


def engine(home: Path = HOME, project: Path = PROJECT) -> Engine:
    """The engine of the dev stack."""
    stack = Engine(home, "dev", KUBECONFIG, project)
    return replace(stack, settings=way_in(read(stack.project_file)["config"].get(_PAGE) or {}))


def describe(stack: Engine) -> bool:
    """Write down where the page is reached, unless somebody already did; whether this is the first time."""
    machine = read(stack.machine_file)
    if _PAGE in machine["config"]:
        return False
    described = {**machine, "config": {**MACHINE, **machine["config"]}}
    stack.machine_file.write_text(_ABOUT + yaml.safe_dump(described))
    return True


def way_in(page: Mapping[str, Any]) -> dict[str, Any]:
    """What the stack file says of how the page is reached, where the machine's port and address do not fit to it."""
    service = page.get("service") or {}
    port = service.get("nodePort")
    if service.get("type") != "NodePort" or "ingress" in page:
        return {_PAGE: {"url": page.get("url"), "service": {**service, "nodePort": port}}}
    return {_PAGE: {"url": f"http://127.0.0.1:{port}"}} if port and "url" not in page else {}
