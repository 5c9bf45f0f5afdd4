"""The cluster's certificate authority and what it signs. Everything lies in one folder that only root reads."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.cluster import network
from local.cluster.errors import ClusterError
from local.paths import CONTEXT, KUBECONFIG, STATE

PKI = STATE / "pki"
VALIDITY = datetime.timedelta(days=3650)
SERVICE_ACCOUNT_KEY = PKI / "service-account.key"
SERVICE_ACCOUNT_PUBLIC_KEY = PKI / "service-account.pub"

_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, as files."""

    name: str

    @property
    def certificate(self) -> Path:
        return PKI / f"{self.name}.crt"

    @property
    def key(self) -> Path:
        return PKI / f"{self.name}.key"

    @property
    def exists(self) -> bool:
        return self.certificate.exists() and self.key.exists()


AUTHORITY = KeyPair("ca")
ETCD = KeyPair("etcd")
API_SERVER = KeyPair("kube-apiserver")
API_SERVER_CLIENT = KeyPair("kube-apiserver-client")
KUBELET = KeyPair("kubelet")
ADMINISTRATOR = KeyPair("admin")

_SERVING_NAMES = ("localhost", "127.0.0.1", network.NODE_ADDRESS, network.NODE_NAME)
_API_NAMES = (
    *_SERVING_NAMES,
    network.API_SERVICE_ADDRESS,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    f"kubernetes.default.svc.{network.CLUSTER_DOMAIN}",
)
# Users and groups as the built-in role bindings of Kubernetes name them.
_CLIENTS = {
    "kube-controller-manager": "system:kube-controller-manager",
    "kube-scheduler": "system:kube-scheduler",
    "kube-proxy": "system:kube-proxy",
    "kube-router": "system:kube-router",
}


def create_missing() -> None:
    """Make every key and certificate that is not there yet, and the kubeconfigs that carry them."""
    PKI.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not AUTHORITY.exists:
        _create_authority()
        for path in PKI.iterdir():
            if path not in (AUTHORITY.key, AUTHORITY.certificate):
                path.unlink()
    if not SERVICE_ACCOUNT_PUBLIC_KEY.exists():
        _create_service_account_keys()
    _issue(ETCD, "etcd", names=_SERVING_NAMES, client=True)
    _issue(API_SERVER, "kube-apiserver", names=_API_NAMES)
    _issue(API_SERVER_CLIENT, "kube-apiserver-client", groups=("system:masters",), client=True)
    _issue(KUBELET, f"system:node:{network.NODE_NAME}", ("system:nodes",), names=_SERVING_NAMES, client=True)
    _issue(ADMINISTRATOR, "kubernetes-admin", groups=("system:masters",), client=True)
    for name, user in _CLIENTS.items():
        _issue(KeyPair(name), user, client=True)
        write_kubeconfig(component_kubeconfig(name), KeyPair(name))
    write_kubeconfig(component_kubeconfig("kubelet"), KUBELET)
    write_kubeconfig(KUBECONFIG, ADMINISTRATOR)


def self_signed(user: str, names: Sequence[str] = ()) -> tuple[str, str]:
    """A certificate that vouches for itself alone, and its key, as PEM: of a server (with ``names``) or of a client."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
    certificate = _leaf(_builder(subject, subject, key), names, client=not names).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), _private_bytes(key).decode()


def component_kubeconfig(name: str) -> Path:
    """Where the kubeconfig of one of the cluster's own processes lies."""
    return PKI / f"{name}.kubeconfig"


def write_kubeconfig(path: Path, user: KeyPair) -> None:
    """A kubeconfig with one context, the certificates inside, so that its text is all a client needs."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {"server": network.API_URL, "certificate-authority-data": _base64(AUTHORITY.certificate)},
            }
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user.name}}],
        "users": [
            {
                "name": user.name,
                "user": {
                    "client-certificate-data": _base64(user.certificate),
                    "client-key-data": _base64(user.key),
                },
            }
        ],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def _create_authority() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CONTEXT)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    certificate = (
        _builder(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(AUTHORITY, key, certificate)


def _issue(
    pair: KeyPair, user: str, groups: Sequence[str] = (), *, names: Sequence[str] = (), client: bool = False
) -> None:
    """Sign a certificate for a server (with ``names``), a client, or both, unless it is there already."""
    if pair.exists:
        return
    authority = x509.load_pem_x509_certificate(AUTHORITY.certificate.read_bytes())
    authority_key = serialization.load_pem_private_key(AUTHORITY.key.read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise ClusterError(f"{AUTHORITY.key} is not the key that was made for this cluster; put that one back")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups),
            x509.NameAttribute(NameOID.COMMON_NAME, user),
        ]
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = _leaf(_builder(subject, authority.subject, key), names, client).add_extension(issuer, critical=False)
    _write(pair, key, builder.sign(authority_key, hashes.SHA256()))


def _leaf(builder: x509.CertificateBuilder, names: Sequence[str], client: bool) -> x509.CertificateBuilder:
    """What a certificate of a server (with ``names``), a client, or both has."""
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH] * bool(names) + [ExtendedKeyUsageOID.CLIENT_AUTH] * client
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    return builder


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    # An hour back, so that a clock that is set right after the first start does not lock the cluster out.
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALIDITY)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _create_service_account_keys() -> None:
    """The pair that signs service account tokens; RSA, because clients outside Kubernetes may verify RS256 only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write_private(SERVICE_ACCOUNT_KEY, key)
    encoding = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    SERVICE_ACCOUNT_PUBLIC_KEY.write_bytes(key.public_key().public_bytes(*encoding))


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _write(pair: KeyPair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    _write_private(pair.key, key)
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, key: _PrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(_private_bytes(key))


def _private_bytes(key: _PrivateKey) -> bytes:
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*encoding)
