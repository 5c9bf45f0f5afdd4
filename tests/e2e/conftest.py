"""The stacks that the tests look at, deployed once by the real engine on the real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster.api import Api
from local.engine import Engine
from tests.e2e.deployment import Deployment

DEV_PORT = 30081


@pytest.fixture(scope="session")
def api(kubeconfig: Path) -> Api:
    """The cluster, seen by its administrator."""
    return Api()


@pytest.fixture(scope="session")
def dev_stack(kubeconfig: Path, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The committed dev stack in a namespace of its own, with Redis, MinIO and PostgreSQL in real pods.

    Its first update is killed: whatever the tests see is what came of it.
    """
    settings = {
        "label-studio:cluster": {"namespace": "e2e-dev"},
        "label-studio:labelStudio": {
            "url": f"http://127.0.0.1:{DEV_PORT}",
            "service": {"nodePort": DEV_PORT},
        },
    }
    engine = Engine(tmp_path_factory.mktemp("dev"), "dev", kubeconfig, settings=settings)
    deployment = Deployment(engine, "e2e-dev", api)
    deployment.create(killed=True)
    yield deployment
    deployment.remove()
