"""The stacks that the tests look at, deployed once by the real engine on the real cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.cluster import Cluster
from local.cluster.api import Api
from local.engine import Engine
from local.paths import PROJECT
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


@pytest.fixture(scope="module")
def run(stack: Deployment, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The command line that `make upload`, `make sync` and `make export` call; returns what it printed.

    ``stack`` is that of the test's own module.
    """
    outputs = tmp_path_factory.mktemp("outputs") / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))

    def projects(*arguments: str | Path) -> str:
        process = subprocess.run(
            [sys.executable, "-m", "cli", "--outputs", str(outputs), *map(str, arguments)],
            cwd=PROJECT,
            env={**os.environ, "KUBECONFIG": str(kubeconfig)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return process.stdout

    return projects


@pytest.fixture(scope="module")
def cluster(stack: Deployment, kubeconfig: Path) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        yield Cluster(str(stack.outputs["context"]), stack.namespace)
