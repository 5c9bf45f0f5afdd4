"""What tests of several folders share: the cluster they run on, and how steadily properties are searched."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

# A program on mocks makes many objects that live as long as it does: a third of its time would go to the collector.
gc.set_threshold(100_000, 20, 20)
# Nothing here is tested for speed, and a busy machine must not make a property fail.
# What a pull request finds is not by chance; a run at night, which generates more, looks elsewhere each time.
settings.register_profile("steady", deadline=None, derandomize="LABEL_STUDIO_GENERATED_STACKS" not in os.environ)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The kubeconfig of the embedded cluster, which `make test` starts before the tests."""
    path = Path(os.environ.get("LABEL_STUDIO_KUBECONFIG", "/var/lib/label-studio-local/kubeconfig"))
    if not path.exists():
        pytest.fail(f"no cluster: {path} is not there; `make test` starts one", pytrace=False)
    return path


# The folders of tests that need the cluster, in their order: the last one stops it.
ON_CLUSTER = ("e2e", "engine", "platform")
HERE = Path(__file__).parent
# How far tests beside those on the cluster stand back: pods have limits of time.
NICE = 10


def _on_cluster(path: Path) -> bool:
    return path.relative_to(HERE).parts[0] in ON_CLUSTER


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what needs the cluster first, and what stops it last of that; the order among others stays."""
    rank = {folder: index for index, folder in enumerate(ON_CLUSTER)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(HERE).parts[0], len(rank)))


class ClusterInOneProcess(LoadFileScheduling):  # type: ignore[misc]
    """Hands out files to processes, but the cluster to one of them: its tests follow one another."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "the cluster" if _on_cluster(HERE.parent / file) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ClusterInOneProcess:
    """How tests are shared out where several processes run them."""
    return ClusterInOneProcess(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if hasattr(item.config, "workerinput") and not _on_cluster(item.path):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
