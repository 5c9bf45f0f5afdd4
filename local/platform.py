"""Everything that must be there before a stack is deployed: packages, tools, images, the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from local import packages, preconditions
from local.cluster import lifecycle
from local.cluster.images import load
from local.images import build as images
from local.tools.build import tool

# Beside those of the cluster: what deploys the stack.
DEPLOYMENT_TOOLS = ("pulumi", "helm")


def prepare(tools: Iterable[str] = DEPLOYMENT_TOOLS, pictures: Iterable[str] = images.DEFAULT) -> None:
    """Bring the machine to where ``pulumi up`` can begin; what is there already is left as it is.

    The cluster starts as soon as its own tools are built, and images are made from packages while Go compiles.
    """
    wanted = [*lifecycle.TOOLS, *tools]
    preconditions.check()
    packages.install(packages.CLUSTER)
    with ThreadPoolExecutor(2) as beside:
        stopping = Event()
        compiled = beside.submit(_compile, wanted, stopping)
        built = beside.submit(images.build, pictures)
        try:
            lifecycle.start()
        except BaseException:
            stopping.set()
            raise
        compiled.result()
        ready = built.result()
    load([*ready.values()])


def _compile(names: Iterable[str], stopping: Event) -> None:
    """Build what is wanted, until something else went wrong: then nobody should wait for the rest."""
    for name in names:
        if stopping.is_set():
            return
        tool(name)
