"""One real single-node Kubernetes cluster as processes of this machine."""
