"""The embedded platform: a real single-node Kubernetes and everything the stack needs, on one bare machine."""
