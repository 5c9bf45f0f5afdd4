"""What the program asks the cluster before any provider: one line when it is not there, or lacks an operator."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pulumi
import pytest
import trustme

from cli.volume import COPIED as copied_by_the_command  # noqa: N811 - a constant
from components.kubernetes.ownership import STACK
from components.settings.errors import SettingsError
from components.stack import preflight
from components.stack.api_server import ClusterError
from components.stack.preflight import check_cluster, needed_kinds
from components.stack.settings import Settings
from components.stack.volumes import COPIED
from local.engine import merge
from tests.unit.projects.test_settings import CREDENTIALS
from tests.unit.stack_files import settings_of

TOKEN = "hunter2"
TENANTS = {"/apis/minio.min.io/v2": {"resources": [{"name": "tenants", "kind": "Tenant"}]}}
TENANT = {"objectStore": {"backend": "tenant", "storage": None, "resources": None}}


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        known = {"/version": {}, **self.server.kinds}
        status = 404 if self.path not in known else self.server.status
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status = 401
        body = json.dumps(known.get(self.path, {})).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def api_server(
    authority: trustme.CA | None = None, *, name: str = "127.0.0.1", kinds: Any = None, status: int = 200
) -> Iterator[Any]:
    """As much of an API server as the program asks, on a free port of the loopback."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.asked, server.kinds, server.status = [], kinds or {}, status
    if authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def settings(
    folder: Path,
    url: str,
    more: Mapping[str, Any] | None = None,
    *,
    token: str = TOKEN,
    cluster: Mapping[str, Any] | None = None,
) -> Settings:
    """Those of the dev stack with a context that leads to the URL."""
    kubeconfig = folder / "config"
    content = {
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
        "clusters": [{"name": "it", "cluster": {"server": url, **(cluster or {})}}],
        "users": [{"name": "me", "user": {"token": token}}],
    }
    kubeconfig.write_text(json.dumps(content))
    return settings_of("dev", merge({"cluster": {"context": "it", "kubeconfig": str(kubeconfig)}}, more or {}))


def url_of(server: Any, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.server_port}"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.delenv(preflight.WITHOUT_CLUSTER, raising=False)


def refusal(given: Settings) -> str:
    with pytest.raises(ClusterError) as caught:
        check_cluster(given)
    text = str(caught.value)
    assert "\n" not in text and TOKEN not in text and text.endswith("Nothing was changed.")
    return text


def test_a_cluster_that_is_there_is_asked_once_for_each_thing(tmp_path: Path) -> None:
    with api_server(kinds=TENANTS) as server:
        check_cluster(settings(tmp_path, url_of(server), TENANT))
        assert server.asked[:2] == ["/version", "/apis/minio.min.io/v2"]
        assert len(set(server.asked)) == len(server.asked)


def test_a_wrong_context(tmp_path: Path) -> None:
    given = settings(tmp_path, "http://127.0.0.1:1")
    wrong = given.model_copy(update={"cluster": given.cluster.model_copy(update={"context": "production"})})
    assert "has no context production; it has it" in refusal(wrong)


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        said = refusal(settings(tmp_path, f"https://127.0.0.1:{taken.getsockname()[1]}"))
    assert "the cluster of context it does not answer at https://127.0.0.1:" in said
    assert "Connection refused" in said


def test_a_server_that_fails_is_asked_again(tmp_path: Path) -> None:
    with api_server(status=503) as server:
        assert "(503 Service Unavailable)" in refusal(settings(tmp_path, url_of(server)))
        assert server.asked == ["/version"] * 3


def test_credentials_that_are_refused(tmp_path: Path) -> None:
    with api_server() as server:
        assert "refuses the credentials of the kubeconfig (401)" in refusal(
            settings(tmp_path, url_of(server), token="other")
        )


@pytest.mark.parametrize("kinds", [{}, {"/apis/minio.min.io/v2": {"resources": [{"kind": "PolicyBinding"}]}}])
def test_a_missing_operator(tmp_path: Path, kinds: Any) -> None:
    with api_server(kinds=kinds) as server:
        said = refusal(settings(tmp_path, url_of(server), TENANT))
    assert "does not know the kind Tenant of minio.min.io/v2, which the MinIO Operator brings" in said


def test_who_may_not_look_is_not_refused(tmp_path: Path) -> None:
    with api_server(kinds=TENANTS, status=403) as server:
        check_cluster(settings(tmp_path, url_of(server), TENANT))


def test_the_certificate_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = trustme.CA(), trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "other.crt")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    # The environment names authorities and proxies for other servers.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.crt"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with api_server(authority) as server:
        url = url_of(server, "https")
        check_cluster(settings(tmp_path, url, cluster={"certificate-authority": "ca.crt"}))
        check_cluster(settings(tmp_path, url, cluster={"insecure-skip-tls-verify": True}))
        assert "certificate verify failed" in refusal(
            settings(tmp_path, url, cluster={"certificate-authority": "other.crt"})
        )
    with api_server(authority, name="kubernetes.example.com") as server:
        url, trusted = url_of(server, "https"), {"certificate-authority": "ca.crt"}
        check_cluster(settings(tmp_path, url, cluster={**trusted, "tls-server-name": "kubernetes.example.com"}))
        assert "certificate" in refusal(settings(tmp_path, url, cluster=trusted))


@pytest.mark.parametrize(("is_preview", "variable", "is_asked"), [(True, "true", False), (False, "true", True)])
def test_only_a_preview_does_without_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_preview: bool, variable: str, is_asked: bool
) -> None:
    monkeypatch.setenv(preflight.WITHOUT_CLUSTER, variable)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: is_preview)
    with api_server() as server:
        check_cluster(settings(tmp_path, url_of(server)))
        assert bool(server.asked) is is_asked


ARCHIVE = {"destinationPath": "s3://backups", "addresses": "internet", "credentials": CREDENTIALS}


@pytest.mark.parametrize(
    ("stack", "more", "kinds"),
    [
        ("dev", {}, []),
        ("prod", {}, ["Cluster", "Tenant"]),
        ("prod", {"postgresql": {"podMonitor": True}}, ["Cluster", "PodMonitor", "Tenant"]),
        ("prod", {"postgresql": {"backup": ARCHIVE}}, ["Cluster", "ObjectStore", "ScheduledBackup", "Tenant"]),
        ("prod", {"postgresql": {"restore": ARCHIVE}}, ["Cluster", "ObjectStore", "Tenant"]),
        (
            "dev",
            {
                "cluster": {"podSecurity": "baseline"},
                "postgresql": {"backend": "zalando"},
                "redis": {"backend": "alauda", "storage": {"size": "2Gi"}},
            },
            ["postgresql", "Redis"],
        ),
    ],
)
def test_the_kinds_of_the_chosen_backends(stack: str, more: dict[str, Any], kinds: list[str]) -> None:
    assert [kind.kind for kind in needed_kinds(settings_of(stack, more))] == kinds


def assert_refused(given: Settings, words: str | None) -> None:
    """The one problem with the settings has the words; None where they are accepted."""
    if words is None:
        check_cluster(given)
        return
    with pytest.raises(SettingsError) as caught:
        check_cluster(given)
    assert words in str(caught.value) and len(caught.value.problems) == 1


def claim_of(size: str) -> dict[str, Any]:
    """The specification of a claim."""
    return {"resources": {"requests": {"storage": size}}, "storageClassName": "local-path"}


def stateful_set(
    size: str, storage_class: str | None = "local-path", image: str = "registry.example.com/it"
) -> dict[str, Any]:
    """As much of a server of ours as counts."""
    template = {"spec": {"containers": [{"name": "postgresql", "image": image}]}}
    claims = [{"spec": {**claim_of(size), "storageClassName": storage_class}}]
    return {"spec": {"volumeClaimTemplates": claims, "template": template}}


APPS = "/apis/apps/v1/namespaces/label-studio/statefulsets/label-studio-"
CLAIM = "/api/v1/namespaces/label-studio/persistentvolumeclaims/label-studio-ls-pvc"
DUMPS = "/api/v1/namespaces/label-studio/persistentvolumeclaims/label-studio-postgresql-dumps"


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({f"{APPS}postgresql": stateful_set("2048Mi")}, None),
        ({f"{APPS}postgresql": stateful_set("4Gi")}, "postgresql.storage.size: must be 4Gi while the server exists"),
        ({f"{APPS}redis": stateful_set("1Gi")}, "redis.storage.size: must be 1Gi while the server exists"),
        ({f"{APPS}store": stateful_set("5Gi", "fast")}, "objectStore.storage.storageClass: must be fast"),
        ({CLAIM: {"spec": {**claim_of("1Gi"), "accessModes": ["ReadWriteOnce"]}}}, None),
        (
            {CLAIM: {"spec": {**claim_of("4Gi"), "accessModes": ["ReadWriteOnce"]}}},
            "labelStudio.persistence.size: must be at least 4Gi, as a volume does not shrink",
        ),
        (
            {DUMPS: {"spec": {**claim_of("8Gi"), "storageClassName": "slow"}}},
            "postgresql.dumps.size: must be at least 8Gi, as a volume does not shrink",
        ),
        ({DUMPS: {"spec": {**claim_of("5120Mi"), "storageClassName": "slow"}}}, None),
        (
            {CLAIM: {"spec": {**claim_of("1Gi"), "accessModes": ["ReadWriteMany"]}}},
            "labelStudio.persistence.accessMode: must be ReadWriteMany",
        ),
    ],
)
def test_volumes_that_are_there_stay_what_they_are(tmp_path: Path, there: dict[str, Any], words: str | None) -> None:
    volume = {"persistence": {"type": "volume", "size": "2Gi"}}
    more = {"objectStore": {"storage": {"storageClass": "local-path"}}, "labelStudio": volume}
    with api_server(kinds=there) as server:
        given = settings(tmp_path, f"http://127.0.0.1:{server.server_port}", more)
        assert_refused(given, words)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("docker.io/library/postgres:17.6", None),
        # Its tag does not say.
        (f"docker.io/library/postgres@sha256:{'0' * 64}", None),
        (
            "mirror.example.com/library/postgres:15.14-bookworm",
            "images.postgresql: must be of version 15 while the server has its volume, which a server of version 17 "
            "does not start on",
        ),
    ],
)
def test_a_server_of_another_major_version_does_not_get_the_volume(
    tmp_path: Path, image: str, words: str | None
) -> None:
    with api_server(kinds={f"{APPS}postgresql": stateful_set("2Gi", image=image)}) as server:
        assert_refused(settings(tmp_path, f"http://127.0.0.1:{server.server_port}"), words)


PAGE = "/apis/apps/v1/namespaces/label-studio/deployments/label-studio-ls-app"
OF_THE_PAGE = {**claim_of("4Gi"), "accessModes": ["ReadWriteOnce"]}


def page_with(*volumes: dict[str, Any]) -> dict[str, Any]:
    """As much of the page's Deployment as counts."""
    return {"spec": {"template": {"spec": {"volumes": list(volumes)}}}}


@pytest.mark.parametrize(
    ("annotations", "volume", "words"),
    [
        (
            {},
            {"persistentVolumeClaim": {"claimName": "label-studio-ls-pvc"}},
            "labelStudio.persistence: must be {type: volume, size: 4Gi} until the bucket has the files of the claim "
            "label-studio-ls-pvc, which the page has now: make copy-uploads copies them, and deletes nothing",
        ),
        ({COPIED: "label-studio"}, {"persistentVolumeClaim": {"claimName": "label-studio-ls-pvc"}}, None),
        # Left over from a page that has its files elsewhere by now.
        ({}, {"emptyDir": {}}, None),
    ],
)
def test_a_page_keeps_its_volume_until_its_files_are_in_the_bucket(
    tmp_path: Path, annotations: dict[str, str], volume: dict[str, Any], words: str | None
) -> None:
    assert copied_by_the_command == COPIED
    there = {CLAIM: {"metadata": {"annotations": annotations}, "spec": OF_THE_PAGE}, PAGE: page_with(volume)}
    with api_server(kinds=there) as server:
        assert_refused(settings(tmp_path, f"http://127.0.0.1:{server.server_port}"), words)


NAMESPACE = "/api/v1/namespaces/label-studio"
MARKED = f"{NAMESPACE}/configmaps/label-studio-settings"
OURS = "label-studio/dev"


@pytest.mark.parametrize(
    ("there", "create", "words"),
    [
        ({}, True, None),
        ({MARKED: {"metadata": {}}}, True, None),
        ({MARKED: {"metadata": {"annotations": {STACK: OURS}}}}, False, None),
        (
            {MARKED: {"metadata": {"annotations": {STACK: "label-studio/other"}}}},
            False,
            "cluster.namespace: must be another one than label-studio, where the stack label-studio/other lives",
        ),
        ({NAMESPACE: {"metadata": {"labels": {"app.kubernetes.io/part-of": "label-studio"}}}}, True, None),
        ({NAMESPACE: {"metadata": {"managedFields": [{"manager": "pulumi-kubernetes-1a2b"}]}}}, True, None),
        ({NAMESPACE: {"metadata": {"managedFields": [{"manager": "kubectl-create"}]}}}, False, None),
        (
            {NAMESPACE: {"metadata": {"managedFields": [{"manager": "kubectl-create"}]}}},
            True,
            "cluster.createNamespace: must be false: this stack did not make the namespace label-studio",
        ),
    ],
)
def test_a_namespace_has_one_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: dict[str, Any], create: bool, words: str | None
) -> None:
    monkeypatch.setattr(preflight, "stack_identity", lambda: OURS)
    with api_server(kinds=there) as server:
        given = settings(tmp_path, url_of(server), {"cluster": {"createNamespace": create}})
        assert_refused(given, words)
