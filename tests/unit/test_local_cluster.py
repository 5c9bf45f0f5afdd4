"""Certificates, addresses in the API, configuration of the node: what needs no running cluster."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.addons import traefik
from local.cluster import lifecycle, network, pki
from local.cluster.api import has_condition, object_path
from local.cluster.pki import KeyPair


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pki"
    monkeypatch.setattr(pki, "PKI", folder)
    monkeypatch.setattr(pki, "SERVICE_ACCOUNT_KEY", folder / "service-account.key")
    monkeypatch.setattr(pki, "SERVICE_ACCOUNT_PUBLIC_KEY", folder / "service-account.pub")
    monkeypatch.setattr(pki, "KUBECONFIG", tmp_path / "kubeconfig")
    pki.create_missing()
    return folder


def load(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes())


def names(pair: KeyPair) -> set[str]:
    alternative = load(pair).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each.value) for each in alternative}


def test_everything_is_signed_by_the_one_authority(certificates: Path) -> None:
    authority = load(pki.AUTHORITY)
    signed = [path for path in certificates.glob("*.crt") if path.stem != "ca"]
    assert len(signed) == 9
    for path in signed:
        load(KeyPair(path.stem)).verify_directly_issued_by(authority)


def test_the_api_server_answers_for_every_name_it_is_called_by(certificates: Path) -> None:
    assert {"127.0.0.1", "198.18.0.1", "198.19.0.1", "kubernetes.default.svc.cluster.local"} <= names(pki.API_SERVER)


@pytest.mark.parametrize(
    ("pair", "user", "groups"),
    [
        (pki.ADMINISTRATOR, "kubernetes-admin", ["system:masters"]),
        (pki.KUBELET, "system:node:label-studio-local", ["system:nodes"]),
        (KeyPair("kube-scheduler"), "system:kube-scheduler", []),
        (KeyPair("kube-controller-manager"), "system:kube-controller-manager", []),
    ],
)
def test_clients_are_who_the_built_in_roles_know(
    certificates: Path, pair: KeyPair, user: str, groups: list[str]
) -> None:
    certificate = load(pair)
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.CLIENT_AUTH in list(purposes)
    assert [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [user]
    assert [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == groups


def test_a_client_cannot_pose_as_a_server(certificates: Path) -> None:
    purposes = load(pki.ADMINISTRATOR).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH not in list(purposes)


def test_only_root_reads_keys(certificates: Path) -> None:
    assert certificates.stat().st_mode & 0o777 == 0o700
    for path in [*certificates.glob("*.key"), *certificates.glob("*.kubeconfig"), certificates.parent / "kubeconfig"]:
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_second_time_changes_nothing(certificates: Path) -> None:
    before = {path: path.read_bytes() for path in certificates.iterdir()}
    pki.create_missing()
    assert {path: path.read_bytes() for path in certificates.iterdir()} == before


def test_what_is_missing_comes_back_and_nothing_else_changes(certificates: Path) -> None:
    before = {path: path.read_bytes() for path in certificates.iterdir()}
    pki.ETCD.key.unlink()
    pki.create_missing()
    after = {path: path.read_bytes() for path in certificates.iterdir()}
    changed = {path.name for path in before if after[path] != before[path]}
    assert changed == {"etcd.key", "etcd.crt"}


def test_a_new_authority_signs_everything_anew(certificates: Path) -> None:
    pki.AUTHORITY.key.unlink()
    pki.create_missing()
    load(pki.ETCD).verify_directly_issued_by(load(pki.AUTHORITY))


def test_the_kubeconfig_is_all_that_a_client_needs(certificates: Path) -> None:
    document = yaml.safe_load((certificates.parent / "kubeconfig").read_text())
    assert document["current-context"] == "label-studio-local"
    assert document["contexts"][0]["name"] == "label-studio-local"
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    assert cluster["server"] == "https://198.18.0.1:6443"
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    assert context.cert_store_stats()["x509_ca"] == 1
    assert base64.b64decode(user["client-certificate-data"]) == pki.ADMINISTRATOR.certificate.read_bytes()
    assert base64.b64decode(user["client-key-data"]) == pki.ADMINISTRATOR.key.read_bytes()


@pytest.mark.parametrize(
    ("version", "kind", "path"),
    [
        ("v1", "Namespace", "/api/v1/namespaces/n"),
        ("v1", "ConfigMap", "/api/v1/namespaces/s/configmaps/n"),
        ("apps/v1", "Deployment", "/apis/apps/v1/namespaces/s/deployments/n"),
        ("networking.k8s.io/v1", "Ingress", "/apis/networking.k8s.io/v1/namespaces/s/ingresses/n"),
        ("networking.k8s.io/v1", "IngressClass", "/apis/networking.k8s.io/v1/ingressclasses/n"),
        ("networking.k8s.io/v1", "NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/s/networkpolicies/n"),
        ("storage.k8s.io/v1", "StorageClass", "/apis/storage.k8s.io/v1/storageclasses/n"),
        ("postgresql.cnpg.io/v1", "Cluster", "/apis/postgresql.cnpg.io/v1/namespaces/s/clusters/n"),
    ],
)
def test_addresses_in_the_api(version: str, kind: str, path: str) -> None:
    item = {"apiVersion": version, "kind": kind, "metadata": {"name": "n", "namespace": "s"}}
    assert object_path(item) == path


@pytest.mark.parametrize(("status", "expected"), [("True", True), ("False", False), ("Unknown", False)])
def test_conditions(status: str, expected: bool) -> None:
    assert has_condition({"status": {"conditions": [{"type": "Ready", "status": status}]}}, "Ready") is expected
    assert not has_condition({}, "Ready")


def test_nothing_listens_on_the_machines_own_addresses() -> None:
    allowed = ("127.0.0.1", network.NODE_ADDRESS)
    for process in lifecycle.processes():
        for argument in process.command:
            if "bind-address=" in argument or "listen-" in argument:
                assert any(address in argument for address in allowed), argument


def test_no_secret_is_in_a_command_line(certificates: Path) -> None:
    keys = [path.read_text().splitlines()[1] for path in certificates.glob("*.key")]
    commands = " ".join(argument for process in lifecycle.processes() for argument in process.command)
    assert not [key for key in keys if key in commands]


def test_traefik_takes_ports_that_the_api_server_gives_to_nobody() -> None:
    service = next(each for each in traefik.objects() if each["kind"] == "Service")
    assert all(30000 <= port["nodePort"] < 30086 for port in service["spec"]["ports"])
