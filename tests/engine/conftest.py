"""The CLI with its plugins, a throw-away namespace, and programs that use both."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import kubernetes
import pytest
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

from local.cluster.node import SOCKET
from local.images.build import import_images
from local.images.catalog import REFERENCES
from local.paths import KUBECONFIG
from local.plugins import install
from tests.conftest import turn
from tests.engine.cluster import Cluster
from tests.engine.program import Program
from tests.engine.servers import IMAGES

NewProgram = Callable[..., Program]


@pytest.fixture(scope="package", autouse=True)
def beside_stacks() -> Iterator[None]:
    with turn(fcntl.LOCK_SH):
        yield


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the CLI; its plugins lie where it looks for them."""
    return install.prepare(tmp_path_factory.mktemp("pulumi"))


@pytest.fixture(scope="session")
def cluster(kubeconfig: Path) -> Cluster:
    """The API server, asked directly."""
    return Cluster(DynamicClient(kubernetes.config.new_client_from_config(str(kubeconfig))))


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace that goes with the tests of one file."""
    name = f"engine-{secrets.token_hex(3)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    try:
        cluster.delete("v1", "Namespace", "", name)
    except NotFoundError:
        return


@pytest.fixture
def new_program(binaries: Path, kubeconfig: Path, namespace: str, tmp_path: Path) -> NewProgram:
    """Makes a program; its provider's arguments may be given."""

    def make(folder: str = "program", **provider: object) -> Program:
        return Program(tmp_path / folder, binaries, kubeconfig, namespace, provider)

    return make


@pytest.fixture(scope="session")
def shell_image(kubeconfig: Path) -> str:
    """An image with a shell; the embedded cluster cannot pull it, so it gets it here."""
    if kubeconfig.resolve() == KUBECONFIG:
        import_images(["busybox"], ["ctr", "--address", str(SOCKET), "--namespace", "k8s.io"])
    return REFERENCES["busybox"]


@pytest.fixture
def server_images(kubeconfig: Path) -> None:
    """The images of the standalone servers, which the embedded cluster cannot pull."""
    if kubeconfig.resolve() == KUBECONFIG:
        import_images(IMAGES, ["ctr", "--address", str(SOCKET), "--namespace", "k8s.io"])
