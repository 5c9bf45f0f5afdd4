"""What this machine adds to the stack file of the dev stack: the page's port and address, and a salt for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from local.cluster.network import NODE_PORTS, PAGE_PORT
from local.engine import Engine, EngineError, merge, read
from local.paths import KUBECONFIG, PROJECT, STATE

HOME = STATE / "stack"
_PAGE = "label-studio:labelStudio"
_ABOUT = """# What is true of this machine only: where the page is reached, and the salt of the stack's secrets.
# `make up` lays Pulumi.dev.yaml over this file.
"""


def page_at(port: int) -> dict[str, Any]:
    """The settings of a page that this machine's loopback serves at a port."""
    return {_PAGE: {"url": f"http://127.0.0.1:{port}", "service": {"nodePort": port}}}


MACHINE = page_at(PAGE_PORT)


def engine(home: Path = HOME, project: Path = PROJECT) -> Engine:
    """The engine of the dev stack."""
    stack = Engine(home, "dev", KUBECONFIG, project)
    return replace(stack, settings=way_in(read(stack.project_file)["config"].get(_PAGE) or {}))


def chosen_port(stack: Engine, text: str) -> int | None:
    """The node port that somebody asked for; EngineError where it is none, or the stack file decides."""
    if not text:
        return None
    if not text.isdecimal() or int(text) not in NODE_PORTS:
        raise EngineError(
            f"PORT is {text!r}: write a node port, a number from {NODE_PORTS.start} to {NODE_PORTS.stop - 1}"
        )
    if way_in(read(stack.project_file)["config"].get(_PAGE) or {}):
        raise EngineError(
            f"PORT has no effect, since {stack.project_file.name} says where the page is reached: change "
            "labelStudio.service or labelStudio.ingress there"
        )
    return int(text)


def page_port(stack: Engine, chosen: int | None = None) -> int | None:
    """The node port that the page has after the next update; None where it has none."""
    config = merge(merge(MACHINE, read(stack.machine_file)["config"]), read(stack.project_file)["config"])
    page = merge(config, stack.settings).get(_PAGE) or {}
    port: int | None = chosen or (page.get("service") or {}).get("nodePort")
    return port


def describe(stack: Engine, port: int | None = None) -> bool:
    """Write down where the page is reached, unless somebody already did; whether this is the first time.

    A ``port`` is written down in any case, and stays until another one is given.
    """
    machine = read(stack.machine_file)
    is_first = _PAGE not in machine["config"]
    if is_first or port:
        described = {**machine, "config": merge(machine["config"], page_at(port or PAGE_PORT))}
        stack.machine_file.write_text(_ABOUT + yaml.safe_dump(described))
    return is_first


def way_in(page: Mapping[str, Any]) -> dict[str, Any]:
    """What the stack file says of how the page is reached, where the machine's port and address do not fit to it."""
    service = page.get("service") or {}
    port = service.get("nodePort")
    if service.get("type") != "NodePort" or "ingress" in page:
        return {_PAGE: {"url": page.get("url"), "service": {**service, "nodePort": port}}}
    return {_PAGE: {"url": f"http://127.0.0.1:{port}"}} if port and "url" not in page else {}
