"""Everything that must be there before a stack is deployed: packages, tools, images, the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from local import packages, preconditions
from local.cluster import lifecycle
from local.cluster.images import load
from local.images import build as image_builds
from local.tools import build

# Beside those of the cluster: what deploys the stack, and renders its chart for the policies.
DEPLOYMENT_TOOLS = ("pulumi", "pulumi-resource-kubernetes", "helm")
# What the linker and the largest packages take while two modules are compiled at once.
_MEMORY_FOR_TWO = 10 * preconditions.GIB


def prepare(tools: Iterable[str] = DEPLOYMENT_TOOLS, images: Iterable[str] = image_builds.DEFAULT) -> None:
    """Bring the machine to where ``pulumi up`` can begin; what is there already is left as it is.

    Go compiles two modules at a time where the memory allows it, and images are made from packages meanwhile. The
    cluster starts as soon as its own tools are built, and gets the images while the rest is compiled.
    """
    preconditions.check()
    packages.install(packages.CLUSTER)
    compilers = 2 if preconditions.memory() >= _MEMORY_FOR_TWO else 1
    with ThreadPoolExecutor(compilers) as compiling, ThreadPoolExecutor(1) as packing:
        cluster = compiling.submit(build.build, lifecycle.TOOLS)
        rest = [compiling.submit(build.build, names) for names in build.together(tools)]
        built = packing.submit(image_builds.build, images)
        try:
            cluster.result()
            lifecycle.start()
            load([*built.result().values()])
            for each in rest:
                each.result()
        except BaseException:
            # Nobody should wait for the rest of what cannot be used.
            compiling.shutdown(wait=False, cancel_futures=True)
            build.stop()
            raise
