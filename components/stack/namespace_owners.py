"""A namespace that is somebody else's, or that another stack lives in."""

from __future__ import annotations

from collections.abc import Iterator

from ..kubernetes.ownership import STACK, is_foreign
from .settings import Settings
from .volumes import Read


def namespace_problems(settings: Settings, read: Read, stack: str, name: str = "label-studio") -> Iterator[str]:
    """Why the stack with the identity ``stack`` cannot live in its namespace, each by the path of a setting."""
    namespace = settings.cluster.namespace
    root = f"/api/v1/namespaces/{namespace}"
    marked = read(f"{root}/configmaps/{name}-settings")
    owner = ((marked or {}).get("metadata", {}).get("annotations") or {}).get(STACK)
    if owner not in (None, stack):
        yield (
            f"cluster.namespace: must be another one than {namespace}, where the stack {owner} lives: a namespace "
            f"has room for one. If that was the name of this stack before: kubectl --namespace {namespace} annotate "
            f"configmap {name}-settings --overwrite {STACK}={stack}"
        )
        return
    found = read(root) if settings.cluster.create_namespace else None
    if found and is_foreign(found, name):
        yield f"cluster.createNamespace: must be false: this stack did not make the namespace {namespace} that is there"
