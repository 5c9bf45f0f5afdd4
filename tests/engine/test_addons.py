"""The ingress controller comes, serves and goes: tests of a production's shape rest on it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.addons import traefik
from local.cluster.api import Api, Object
from local.cluster.images import system_references
from tests.e2e.certificates import issue

HOST = "addons.example.com"


@pytest.fixture(scope="module")
def controller() -> Iterator[None]:
    traefik.install()
    yield
    traefik.remove()


@pytest.fixture(scope="module")
def authority(controller: None, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page behind an ingress with TLS; returns the certificate that vouches for it."""
    issued = issue(HOST, tmp_path_factory.mktemp("tls"))
    certificate, key = issued.certificate.read_text(), issued.key.read_text()
    Api().apply([secret(namespace, certificate, key), *page(namespace), ingress(namespace)])
    return issued.authority


def secret(namespace: str, certificate: str, key: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "page-tls", "namespace": namespace},
        "stringData": {"tls.crt": certificate, "tls.key": key},
    }


def page(namespace: str) -> list[Object]:
    metadata, labels = {"name": "page", "namespace": namespace}, {"app": "page"}
    script = "mkdir -p /tmp/www; echo page > /tmp/www/index.html; exec /bin/busybox httpd -f -p 8080 -h /tmp/www"
    container = {
        "name": "main",
        "image": system_references()["volume_helper"],
        "imagePullPolicy": "Never",
        "command": ["/bin/busybox", "sh", "-c", script],
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, "labels": labels},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    ]


def ingress(namespace: str) -> Object:
    backend = {"service": {"name": "page", "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "page", "namespace": namespace},
        "spec": {
            "ingressClassName": traefik.CLASS,
            "tls": [{"hosts": [HOST], "secretName": "page-tls"}],
            "rules": [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        },
    }


def test_https_shows_the_ingress_certificate(authority: Path) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    url, options = f"https://127.0.0.1:{traefik.HTTPS_PORT}/", {"sni_hostname": HOST}
    deadline, answer = time.monotonic() + 60, ""
    with httpx.Client(verify=context, headers={"Host": HOST}, timeout=5) as client:
        while answer != "page\n":
            try:
                answer = client.get(url, extensions=options).text
            except httpx.HTTPError as error:
                answer = str(error)
            assert time.monotonic() < deadline, answer
            time.sleep(0.3)


def test_http_leads_to_https(authority: Path) -> None:
    answer = httpx.get(f"http://127.0.0.1:{traefik.HTTP_PORT}/x", headers={"Host": HOST}, timeout=5)
    assert answer.status_code == httpx.codes.MOVED_PERMANENTLY
    assert answer.headers["location"] == f"https://{HOST}/x"


def test_what_goes_may_come_again_at_once(authority: Path) -> None:
    traefik.remove()
    traefik.install()
    test_https_shows_the_ingress_certificate(authority)
