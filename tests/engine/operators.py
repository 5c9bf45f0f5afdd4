"""What operators do that cannot run here: states of theirs, as they were recorded when they were tried by hand.

The resource definitions are minimal and written by hand: they take any field, and know none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError, ResourceNotFoundError

from tests.engine.cluster import Cluster, Object


def definition(group: str, version: str, kind: str, plural: str) -> Object:
    """A definition of a kind that takes any field."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": anything},
                }
            ],
        },
    }


@dataclass
class Operator:
    """Makes a StatefulSet of what a resource says, ``delay`` seconds late; the resource's status never changes."""

    cluster: Cluster
    namespace: str
    version: str
    kind: str
    name: str
    status: Mapping[str, Any]
    stateful_set: str
    container: str
    labels: Mapping[str, str]
    image: str | None = None
    delay: float = 3.0
    secret: str | None = None
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Look at the resource again and again, in a thread."""
        over = threading.Event()
        thread = threading.Thread(target=self._work, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _work(self, over: threading.Event) -> None:
        while not over.wait(0.5):
            try:
                self._look()
            except (NotFoundError, ResourceNotFoundError):
                continue
            except (DynamicApiError, ApiException) as error:
                self.failures.append(str(error))

    def _look(self) -> None:
        resource = self.cluster.get(self.version, self.kind, self.namespace, self.name)
        image = self.image or resource["spec"]["image"]
        owner = {
            "apiVersion": self.version,
            "kind": self.kind,
            "name": self.name,
            "uid": resource["metadata"]["uid"],
            "blockOwnerDeletion": True,
            "controller": True,
        }
        if not self.cluster.has("apps/v1", "StatefulSet", self.namespace, self.stateful_set):
            self.cluster.create(self._servers(image, owner))
        elif self._image() != image:
            time.sleep(self.delay)
            container = {"name": self.container, "image": image, "command": ["sh", "-c", "sleep 3600"]}
            spec = {"template": {"spec": {"containers": [container]}}}
            self.cluster.merge({**self._named("apps/v1", "StatefulSet", self.stateful_set), "spec": spec})
        if self.secret:
            metadata = {"name": self.secret, "namespace": self.namespace, "ownerReferences": [owner]}
            self.cluster.merge({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        if resource.get("status") != self.status:
            self.cluster.report(self.version, self.kind, self.namespace, self.name, dict(self.status))

    def _image(self) -> str:
        found = self.cluster.get("apps/v1", "StatefulSet", self.namespace, self.stateful_set)
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"])

    def _named(self, version: str, kind: str, name: str) -> Object:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}}

    def _servers(self, image: str, owner: Object) -> Object:
        servers = self._named("apps/v1", "StatefulSet", self.stateful_set)
        servers["metadata"] |= {"ownerReferences": [owner], "labels": dict(self.labels)}
        container = {"name": self.container, "image": image, "command": ["sh", "-c", "sleep 3600"]}
        pod = {"terminationGracePeriodSeconds": 0, "containers": [container]}
        return {
            **servers,
            "spec": {
                "replicas": 1,
                "serviceName": self.stateful_set,
                "selector": {"matchLabels": dict(self.labels)},
                "template": {"metadata": {"labels": dict(self.labels)}, "spec": pod},
            },
        }


def deletion_needs(secret: str, kind: str, plural: str, group: str, namespace: str) -> list[Object]:
    """A webhook's rule, as a policy: no update of the resource, not even the last of a deletion, without the Secret."""
    name = f"{plural}-{namespace}"
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": [plural]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "paramKind": {"apiVersion": "v1", "kind": "Secret"},
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": "true", "message": f"{kind} needs its password"}],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "paramRef": {"name": secret, "namespace": namespace, "parameterNotFoundAction": "Deny"},
                "matchResources": {"namespaceSelector": here},
            },
        },
    ]
