"""The cluster as a person with kubectl sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, DynamicApiError, NotFoundError

Object = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """A few calls on any kind; each raises the client's own exceptions, such as NotFoundError."""

    client: DynamicClient

    def get(self, version: str, kind: str, namespace: str, name: str) -> Object:
        """One object."""
        found: Object = self._kind(version, kind).get(name=name, namespace=namespace).to_dict()
        return found

    def has(self, version: str, kind: str, namespace: str, name: str) -> bool:
        """Whether there is such an object."""
        try:
            self.get(version, kind, namespace, name)
        except NotFoundError:
            return False
        return True

    def create(self, item: Object) -> None:
        """Make an object."""
        metadata = item["metadata"]
        self._kind(item["apiVersion"], item["kind"]).create(body=item, namespace=metadata.get("namespace", ""))

    def would_create(self, item: Object) -> str:
        """What the server says against the object, which it does not make; empty also where there is one already."""
        metadata = item["metadata"]
        try:
            self._kind(item["apiVersion"], item["kind"]).create(
                body=item, namespace=metadata.get("namespace", ""), dry_run="All"
            )
        except ConflictError:
            return ""
        except DynamicApiError as error:
            return str(error.body)
        return ""

    def delete(self, version: str, kind: str, namespace: str, name: str) -> None:
        """Delete an object; what it owns goes after it."""
        options = {"propagationPolicy": "Background"}
        self._kind(version, kind).delete(name=name, namespace=namespace, body=options)

    def orphan(self, version: str, kind: str, namespace: str, name: str) -> None:
        """Delete an object; what it owns stays."""
        options = {"propagationPolicy": "Orphan"}
        self._kind(version, kind).delete(name=name, namespace=namespace, body=options)

    def merge(self, item: Object, manager: str = "kubectl-edit") -> None:
        """Change the given fields of an object, in the name of ``manager``."""
        metadata = item["metadata"]
        self._kind(item["apiVersion"], item["kind"]).patch(
            body=item,
            namespace=metadata.get("namespace", ""),
            content_type="application/merge-patch+json",
            field_manager=manager,
        )

    def report(self, version: str, kind: str, namespace: str, name: str, status: Object) -> None:
        """Write the status of an object, as its controller does."""
        self._kind(version, kind).status.patch(
            body={"status": status}, name=name, namespace=namespace, content_type="application/merge-patch+json"
        )

    def token(self, namespace: str, account: str) -> str:
        """A token with which a service account speaks for an hour."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = self.client.request("post", path, body=request)
        return str(answer.status.token)

    def _kind(self, version: str, kind: str) -> Any:
        return self.client.resources.get(api_version=version, kind=kind)
