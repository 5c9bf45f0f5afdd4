"""What tests of several folders share: the cluster they run on, and how steadily properties are searched."""

from __future__ import annotations

import fcntl
import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


HERE = Path(__file__).parent
# The folders of tests that need the cluster. Those of engine use nothing of the others, and run beside most of them.
ON_CLUSTER = {"e2e": "stacks", "platform": "stacks", "engine": "engine"}
# In one process what takes long comes first, and what stops the cluster last.
ORDER = ["e2e", "", "engine", "platform"]
# How far tests beside those on the cluster stand back: pods have limits of time.
NICE = 10


def _folder(path: Path) -> str:
    return path.relative_to(HERE).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the folders; the order among others stays."""
    items.sort(key=lambda item: ORDER.index(_folder(item.path) if _folder(item.path) in ON_CLUSTER else ""))


class TwoOnTheCluster(LoadFileScheduling):  # type: ignore[misc]
    """Hands out files to processes, but the tests of stacks, and those of the engine, to one process each."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return ON_CLUSTER.get(_folder(HERE.parent / file), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TwoOnTheCluster:
    """How tests are shared out where several processes run them."""
    return TwoOnTheCluster(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if hasattr(item.config, "workerinput"):
        os.setpriority(os.PRIO_PROCESS, 0, 0 if _folder(item.path) in ON_CLUSTER else NICE)


@contextmanager
def turn(kind: int) -> Iterator[None]:
    """Share the cluster (fcntl.LOCK_SH), or have it alone, to stop it or its operators (fcntl.LOCK_EX)."""
    with (Path(tempfile.gettempdir()) / "label-studio-tests.lock").open("w") as file:
        fcntl.flock(file, kind)
        yield
