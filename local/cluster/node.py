"""What makes this machine a node: containerd, kubelet, kube-proxy, and kube-router to enforce network policies.

containerd has a root, a state and a socket of its own, so that one that belongs to the machine never notices.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from local.cluster import network, pki
from local.cluster.process import Process
from local.paths import LOGS, RUN, STATE
from local.tools.build import BUILDS, location

SOCKET = RUN / "containerd.sock"
CONTAINERD_ROOT = STATE / "containerd"
KUBELET_ROOT = STATE / "kubelet"
PAUSE_IMAGE = f"label-studio.local/pause:{BUILDS['pause'].key}"
_CONFIG = STATE / "config"
_CONTAINERD = _CONFIG / "containerd.toml"
_KUBELET = _CONFIG / "kubelet.yaml"
_KUBE_PROXY = _CONFIG / "kube-proxy.yaml"
_RESOLVER = _CONFIG / "resolv.conf"
_CNI_CONFIG = STATE / "cni" / "net.d"


def write_configuration() -> None:
    """Write the files that the node's programs read at their start."""
    # Not the machine's own resolver file: a resolver on loopback cannot be reached from a pod.
    _write(_RESOLVER, _resolver())
    _write(_CONTAINERD, _containerd_config())
    _write(_KUBELET, yaml.safe_dump(_kubelet_config()))
    _write(_KUBE_PROXY, yaml.safe_dump(_kube_proxy_config()))
    _write(_CNI_CONFIG / "10-bridge.conflist", json.dumps(_cni_config(), indent=2))


def containerd() -> Process:
    """The container runtime."""
    return Process("containerd", ("containerd", "--config", str(_CONTAINERD)), files=(_CONTAINERD,))


def kubelet() -> Process:
    """The node's agent."""
    kubeconfig = pki.component_kubeconfig("kubelet")
    return Process(
        "kubelet",
        (
            str(location("kubelet")),
            f"--config={_KUBELET}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={KUBELET_ROOT}",
            f"--cert-dir={KUBELET_ROOT / 'pki'}",
            f"--hostname-override={network.NODE_NAME}",
            f"--node-ip={network.NODE_ADDRESS}",
        ),
        files=(_KUBELET, kubeconfig),
    )


def kube_proxy() -> Process:
    """Services. Node ports answer on 127.0.0.1 only."""
    kubeconfig = pki.component_kubeconfig("kube-proxy")
    return Process(
        "kube-proxy", (str(location("kube-proxy")), f"--config={_KUBE_PROXY}"), files=(_KUBE_PROXY, kubeconfig)
    )


def kube_router() -> Process:
    """The enforcer of network policies; routing and services are other programs' work."""
    kubeconfig = pki.component_kubeconfig("kube-router")
    return Process(
        "kube-router",
        (
            str(location("kube-router")),
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={network.NODE_NAME}",
            f"--service-cluster-ip-range={network.SERVICE_RANGE}",
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            "--run-loadbalancer=false",
            "--health-port=0",
            "--v=1",
        ),
        files=(kubeconfig,),
    )


def _kube_proxy_config() -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "bindAddress": network.NODE_ADDRESS,
        "clusterCIDR": network.POD_RANGE,
        "hostnameOverride": network.NODE_NAME,
        "clientConnection": {"kubeconfig": str(pki.component_kubeconfig("kube-proxy"))},
        "nodePortAddresses": [network.NODE_PORT_ADDRESSES],
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        # Zero leaves the machine's own limits on connection tracking alone.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def _containerd_config() -> str:
    return f"""\
version = 2
root = "{CONTAINERD_ROOT}"
state = "{RUN / "containerd"}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = "{SOCKET}"

[plugins."io.containerd.internal.v1.opt"]
path = "{CONTAINERD_ROOT / "opt"}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
netns_mounts_under_state_dir = true
# Without CAP_SYS_RESOURCE nobody may lower a score below its own, and runc gives up on the attempt.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{_CNI_CONFIG}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def _cni_config() -> dict[str, Any]:
    bridge = {
        "type": "bridge",
        "bridge": network.BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": network.POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(RUN / "cni"),
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": network.CNI_NETWORK, "plugins": [bridge, portmap]}


def _kubelet_config() -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.AUTHORITY.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki.KUBELET.certificate),
        "tlsPrivateKeyFile": str(pki.KUBELET.key),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "clusterDNS": [network.DNS_SERVICE_ADDRESS],
        "clusterDomain": network.CLUSTER_DOMAIN,
        "resolvConf": str(_RESOLVER),
        "podLogsDir": str(LOGS / "pods"),
        "volumePluginDir": str(STATE / "volume-plugins"),
        "makeIPTablesUtilChains": False,
        "serializeImagePulls": False,
        # Images are made here, not pulled: what nobody uses for a while must not be collected.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    }


def _resolver() -> str:
    lines = Path("/etc/resolv.conf").read_text().splitlines() if Path("/etc/resolv.conf").exists() else []
    servers = [line for line in lines if line.startswith("nameserver") and " 127." not in line]
    return "\n".join([*servers, "options edns0", ""])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
