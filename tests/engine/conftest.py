"""The stand-in plugins as executables, a throw-away namespace, and programs that use both."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.cluster.node import SOCKET
from local.images.build import import_images
from local.images.catalog import REFERENCES
from local.paths import KUBECONFIG
from local.plugins import install
from local.plugins.kubernetes import kubeconfig as kubeconfigs
from local.plugins.kubernetes.client import ApiError, Client
from local.plugins.kubernetes.provider import KubernetesProvider
from local.plugins.server import Log
from local.tools.build import tool
from tests.engine.direct import Direct, Engine
from tests.engine.program import Program

NewProgram = Callable[..., Program]


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All three stand-ins, even where the official plugins could be had: they are what is tested here."""
    folder: Path = tmp_path_factory.mktemp("plugins") / "stand-ins"
    install.write(folder, install.plugins())
    return folder


@pytest.fixture(scope="session")
def cluster(kubeconfig: Path) -> Client:
    """The API server, asked directly."""
    return Client(kubeconfigs.load(str(kubeconfig), "", ""))


@pytest.fixture(scope="module")
def namespace(cluster: Client) -> Iterator[str]:
    """A namespace that goes with the tests of one file."""
    name = f"engine-{secrets.token_hex(3)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, dry_run=False)
    yield name
    try:
        cluster.delete("v1", "Namespace", "", name, "Background")
    except ApiError as error:
        if not error.missing:
            raise


@pytest.fixture
def new_program(stand_ins: Path, kubeconfig: Path, namespace: str, tmp_path: Path) -> NewProgram:
    """Makes a program; its provider's arguments may be given."""

    def make(folder: str = "program", **provider: object) -> Program:
        return Program(tmp_path / folder, stand_ins, kubeconfig, namespace, provider)

    return make


@pytest.fixture(scope="session")
def shell_image(kubeconfig: Path) -> str:
    """An image with a shell; the embedded cluster cannot pull it, so it gets it here."""
    if kubeconfig.resolve() == KUBECONFIG:
        import_images(["busybox"], ["ctr", "--address", str(SOCKET), "--namespace", "k8s.io"])
    return REFERENCES["busybox"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """What a provider logs to."""
    engine = Engine()
    yield engine
    engine.server.stop(0)


@pytest.fixture(scope="module")
def provider(kubeconfig: Path, namespace: str, engine: Engine) -> Iterator[Direct]:
    """The Kubernetes stand-in, called without the CLI."""
    config = {"kubernetes:config:kubeconfig": str(kubeconfig), "kubernetes:config:namespace": namespace}
    direct = Direct(KubernetesProvider(Log(engine.address), str(tool("helm")), "0.0.0"), **config)
    yield direct
    direct.stop()
