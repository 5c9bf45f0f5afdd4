"""Everything that must be there before a stack is deployed: packages, tools, images, the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

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
        compiled = beside.submit(lambda: [tool(name) for name in wanted])
        built = beside.submit(images.build, pictures)
        lifecycle.start()
        compiled.result()
        ready = built.result()
    load([*ready.values()])
