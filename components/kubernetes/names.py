"""How long the names of Kubernetes objects may be; what is cut off a longer one lives on as a digest."""

from __future__ import annotations

from hashlib import sha256

# Values of labels, Services and Jobs, whose pods carry the name as a label (RFC 1123 label).
LABEL = 63
# A StatefulSet's pods carry <name>-<10 characters> as a label; a CronJob's jobs are called <name>-<10 characters>.
WORKLOAD = 52
# Helm takes no longer name of a release.
RELEASE = 53
DIGEST = 8


def fitted(name: str, limit: int = LABEL) -> str:
    """The name itself where it fits; else its beginning with a digest of the whole, so that no two names become one."""
    if len(name) <= limit:
        return name
    digest = sha256(name.encode()).hexdigest()[:DIGEST]
    return f"{name[: limit - DIGEST - 1].rstrip('-.')}-{digest}"
