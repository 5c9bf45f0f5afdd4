"""Where the embedded platform keeps things: a cache that any run may reuse, and the state of the machine's cluster."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "label-studio-pulumi"
TOOLS = CACHE / "tools"

STATE = Path("/var/lib/label-studio-local")
"""What survives a stop: certificates, etcd, container images, volumes."""
RUN = Path("/run/label-studio-local")
"""What does not: process ids, sockets, container roots."""
LOGS = STATE / "log"

KUBECONFIG = STATE / "kubeconfig"
CONTEXT = "label-studio-local"
