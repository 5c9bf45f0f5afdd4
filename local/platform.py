"""Everything that must be there before a stack is deployed: packages, tools, images, the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from local import memory, packages, preconditions
from local.cluster import lifecycle
from local.cluster.images import load
from local.cluster.network import PAGE_PORT
from local.images import build as image_builds
from local.tools import build

# Beside those of the cluster: what deploys the stack, and renders its chart for the policies.
DEPLOYMENT_TOOLS = ("pulumi", "pulumi-resource-kubernetes", "helm")


def prepare(
    tools: Iterable[str] = DEPLOYMENT_TOOLS,
    images: Iterable[str] = image_builds.DEFAULT,
    page_port: int | None = PAGE_PORT,
) -> None:
    """Bring the machine to where ``pulumi up`` can begin; what is there already is left as it is.

    Go compiles two modules at a time where the memory allows it, and images are made from packages meanwhile. What is
    of one module is compiled in one go: its largest packages, which keep one processor busy for minutes, then have
    others beside them. The cluster starts as soon as its own tools are built, and gets the images while the rest is
    compiled.
    """
    preconditions.check(page_port)
    packages.install(packages.CLUSTER)
    compilers = 2 if memory.is_ample() else 1
    with ThreadPoolExecutor(compilers) as compiling, ThreadPoolExecutor(1) as packing:
        groups = build.together([*lifecycle.TOOLS, *tools])
        compiled = [(compiling.submit(build.build, group), group) for group in groups]
        built = packing.submit(image_builds.build, images)
        try:
            for each, group in compiled:
                if {*group} & {*lifecycle.TOOLS}:
                    each.result()
            lifecycle.start()
            load([*built.result().values()])
            for each, _ in compiled:
                each.result()
        except BaseException:
            # Nobody should wait for the rest of what cannot be used.
            compiling.shutdown(wait=False, cancel_futures=True)
            build.stop()
            raise
