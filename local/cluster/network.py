"""Names and addresses of the cluster.

198.18.0.0/15 is reserved for benchmarking (RFC 2544), so no host that a pod may want to reach has such an address.
"""

NODE_NAME = "label-studio-local"
NODE_ADDRESS = "198.18.0.1"
POD_RANGE = "198.18.1.0/24"
SERVICE_RANGE = "198.19.0.0/24"
API_SERVICE_ADDRESS = "198.19.0.1"
DNS_SERVICE_ADDRESS = "198.19.0.10"
CLUSTER_DOMAIN = "cluster.local"
NODE_PORT_ADDRESSES = "127.0.0.0/8"

BRIDGE = "label-studio0"
CNI_NETWORK = "label-studio-local"

PAGE_PORT = 30080
"""Label Studio's node port, unless the file of the machine or the stack file names another."""

NODE_PORTS = range(30000, 32768)
"""What the API server accepts as a node port: the default of its --service-node-port-range."""

API_PORT = 6443
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
PORTS = {
    "etcd": (2379, 2380),
    "kube-apiserver": (API_PORT,),
    "kube-controller-manager": (10257,),
    "kube-scheduler": (10259,),
    "kubelet": (10248, 10250),
    "kube-proxy": (10249, 10256),
    "kube-router": (20244,),
}
"""What each process listens on, on loopback or on the node's address only."""
