"""etcd and the three processes that make the control plane; they listen on loopback and the node's own address only.

Other machines cannot reach either: see ``guard`` in local/cluster/firewall.py.
"""

from __future__ import annotations

from pathlib import Path

from local.cluster import network, pki
from local.cluster.process import Process
from local.paths import LOGS, STATE
from local.tools.build import location

ETCD_CLIENT_URL = "https://127.0.0.1:2379"
_ETCD_PEER_URL = "https://127.0.0.1:2380"
AUDIT_LOG = LOGS / "audit.log"
_AUDIT_POLICY = STATE / "audit-policy.yaml"
# One node needs no election; without it the loops begin at once.
_ALONE = "--leader-elect=false"


def etcd() -> Process:
    """The store. Losing the last moments in a power cut is worth the time that fsync costs on a throw-away cluster."""
    return Process(
        "etcd",
        (
            "etcd",
            "--name=default",
            f"--data-dir={STATE / 'etcd'}",
            f"--listen-client-urls={ETCD_CLIENT_URL}",
            f"--advertise-client-urls={ETCD_CLIENT_URL}",
            f"--listen-peer-urls={_ETCD_PEER_URL}",
            f"--initial-advertise-peer-urls={_ETCD_PEER_URL}",
            f"--initial-cluster=default={_ETCD_PEER_URL}",
            f"--cert-file={pki.ETCD.certificate}",
            f"--key-file={pki.ETCD.key}",
            f"--trusted-ca-file={pki.AUTHORITY.certificate}",
            "--client-cert-auth",
            f"--peer-cert-file={pki.ETCD.certificate}",
            f"--peer-key-file={pki.ETCD.key}",
            f"--peer-trusted-ca-file={pki.AUTHORITY.certificate}",
            "--peer-client-cert-auth",
            "--unsafe-no-fsync",
            "--logger=zap",
            "--log-level=warn",
        ),
    )


def write_configuration() -> None:
    """Put files of this checkout where every checkout finds them: the servers keep running when another one is used."""
    _AUDIT_POLICY.write_text(Path(__file__).with_name("audit-policy.yaml").read_text())


def apiserver() -> Process:
    """The API. The kubelet is called with a certificate of our authority, so that logs and exec work."""
    return Process(
        "kube-apiserver",
        (
            str(location("kube-apiserver")),
            f"--bind-address={network.NODE_ADDRESS}",
            f"--advertise-address={network.NODE_ADDRESS}",
            f"--secure-port={network.API_PORT}",
            f"--client-ca-file={pki.AUTHORITY.certificate}",
            f"--tls-cert-file={pki.API_SERVER.certificate}",
            f"--tls-private-key-file={pki.API_SERVER.key}",
            f"--etcd-servers={ETCD_CLIENT_URL}",
            f"--etcd-cafile={pki.AUTHORITY.certificate}",
            f"--etcd-certfile={pki.ETCD.certificate}",
            f"--etcd-keyfile={pki.ETCD.key}",
            f"--kubelet-certificate-authority={pki.AUTHORITY.certificate}",
            f"--kubelet-client-certificate={pki.API_SERVER_CLIENT.certificate}",
            f"--kubelet-client-key={pki.API_SERVER_CLIENT.key}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-account-issuer=https://kubernetes.default.svc.{network.CLUSTER_DOMAIN}",
            f"--service-account-key-file={pki.SERVICE_ACCOUNT_PUBLIC_KEY}",
            f"--service-account-signing-key-file={pki.SERVICE_ACCOUNT_KEY}",
            f"--service-cluster-ip-range={network.SERVICE_RANGE}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            f"--audit-policy-file={_AUDIT_POLICY}",
            f"--audit-log-path={AUDIT_LOG}",
            "--audit-log-maxsize=20",
            "--audit-log-maxbackup=1",
            # The first asks for progress that only newer versions of etcd than Debian's can tell, and waits in vain;
            # the second serves manifests/small-requests.yaml.
            "--feature-gates=SizeBasedListCostEstimate=false,MutatingAdmissionPolicy=true",
            "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
        ),
    )


def controller_manager() -> Process:
    """The controllers, which also sign certificate requests with the cluster's authority."""
    kubeconfig = pki.component_kubeconfig("kube-controller-manager")
    return Process(
        "kube-controller-manager",
        (
            str(location("kube-controller-manager")),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--service-account-private-key-file={pki.SERVICE_ACCOUNT_KEY}",
            f"--root-ca-file={pki.AUTHORITY.certificate}",
            f"--cluster-signing-cert-file={pki.AUTHORITY.certificate}",
            f"--cluster-signing-key-file={pki.AUTHORITY.key}",
            "--use-service-account-credentials",
            "--allocate-node-cidrs",
            f"--cluster-cidr={network.POD_RANGE}",
            "--node-cidr-mask-size=24",
            f"--flex-volume-plugin-dir={STATE / 'volume-plugins'}",
            _ALONE,
        ),
        files=(kubeconfig,),
    )


def scheduler() -> Process:
    """The scheduler."""
    kubeconfig = pki.component_kubeconfig("kube-scheduler")
    return Process(
        "kube-scheduler",
        (
            str(location("kube-scheduler")),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            _ALONE,
        ),
        files=(kubeconfig,),
    )
