"""A production-shaped stack, which the tests of this folder share, and the store that its backups go to."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.addons import barman, cnpg, traefik
from local.cluster.api import Api, Object, wait
from local.cluster.images import load
from local.engine import Engine, merge
from local.images import build as images
from local.images.catalog import REFERENCES
from tests.conftest import turn
from tests.e2e.certificates import Certificate, issue
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session
from tests.e2e.loopback import LoopbackTransport
from tests.e2e.prod.backup_store import BackupStore

HOST = "label-studio.test"
CERTIFICATE_SECRET = "label-studio-tls"
BACKUPS_NAMESPACE = "e2e-backups"
SMALL = {"cpuRequest": "50m", "cpuLimit": "1"}
SETTINGS = {
    "label-studio:cluster": {
        "context": "label-studio-local",
        "namespace": "e2e-prod",
        "ingressNamespace": traefik.NAMESPACE,
    },
    "label-studio:postgresql": {
        "instances": 2,
        "storage": {"size": "1Gi"},
        "walStorage": {"size": "1Gi"},
        "resources": {**SMALL, "memory": "512Mi"},
        "serviceAccountAnnotations": {"example.com/role": "backups"},
    },
    # The oldest release that is supported, in a stack of its own; all others run the newest.
    "label-studio:images": {"labelStudio": REFERENCES["label_studio_oldest"]},
    # The MinIO Operator is no Go module and has no image here; the tenant's manifests are checked in tests/unit.
    "label-studio:objectStore": {"backend": "standalone"},
    "label-studio:labelStudio": {
        "autoscaling": None,
        "replicas": 2,
        "resources": {"cpuRequest": "100m", "cpuLimit": "1", "memory": "1536Mi"},
        "ingress": {"host": HOST, "className": traefik.CLASS, "tls": [{"secretName": CERTIFICATE_SECRET}]},
    },
}


@pytest.fixture(scope="package", autouse=True)
def alone() -> Iterator[None]:
    """The tests of the engine take operators away, of which a cluster has one for all."""
    with turn(fcntl.LOCK_EX):
        yield


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return issue(HOST, tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="package")
def addons(kubeconfig: Path) -> Iterator[None]:
    load([images.image("label_studio_oldest")])
    cnpg.install()
    barman.install()
    traefik.install()
    yield
    traefik.remove()
    barman.remove()
    cnpg.remove()


@pytest.fixture(scope="package")
def backups(kubeconfig: Path, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupStore]:
    certificate = issue(BackupStore.host(BACKUPS_NAMESPACE), tmp_path_factory.mktemp("backups"))
    store = BackupStore(api, BACKUPS_NAMESPACE, certificate)
    store.create()
    yield store
    store.remove()


@pytest.fixture(scope="package")
def prod_stack(
    *,
    kubeconfig: Path,
    api: Api,
    addons: None,
    backups: BackupStore,
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    settings = merge(SETTINGS, {"label-studio:postgresql": {"backup": backups.settings}})
    engine = Engine(tmp_path_factory.mktemp("prod"), "prod", kubeconfig, settings=settings)
    engine.create()
    engine.set_secret(CERTIFICATE_SECRET, "tls.crt", certificate.certificate.read_text())
    engine.set_secret(CERTIFICATE_SECRET, "tls.key", certificate.key.read_text())
    backups.supply(engine)
    deployment = Deployment(engine, "e2e-prod", api)
    try:
        deployment.create()
        yield deployment
    finally:
        # Protected, it would stay until its namespace goes; and a namespace with servers that may take half an hour to
        # stop is looked after again only minutes later.
        api.delete(deployment.objects("clusters", "postgresql.cnpg.io/v1"))
        wait("the database servers to stop", lambda: not servers(deployment), 120)
        deployment.remove()


def servers(deployment: Deployment) -> list[Object]:
    """The pods of the database."""
    return [pod for pod in deployment.objects("pods") if "cnpg.io/cluster" in pod["metadata"].get("labels", {})]


@contextmanager
def logged_in(stack: Deployment, certificate: Certificate) -> Iterator[Session]:
    """The administrator behind the ingress."""
    with Session(f"https://{HOST}", LoopbackTransport(traefik.HTTPS_PORT, certificate.authority)) as session:
        answer = session.log_in(stack.outputs["administrator"], stack.password)
        assert answer.status_code == httpx.codes.FOUND, answer.text[:2000]
        yield session


@pytest.fixture
def session(prod_stack: Deployment, certificate: Certificate) -> Iterator[Session]:
    with logged_in(prod_stack, certificate) as session:
        yield session
