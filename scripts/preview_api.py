"""As much of a Kubernetes API server as a preview asks for: `python -m scripts.preview_api STACK FILE COMMAND...`.

Pulumi's provider previews nothing, and shows policies nothing, of what it would make in a cluster that it cannot reach.
This server knows the kinds of the stacks and keeps nothing: whatever the provider asks to be made is answered as it was
asked for. It serves one ConfigMap, which a stack reads. The command runs with the kubeconfig that FILE becomes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from policies.checks.values import at
from policies.stacks import StackFileError, stack_config

KINDS = {
    "v1": "ConfigMap Namespace PersistentVolumeClaim Pod Secret Service ServiceAccount",
    "apps/v1": "DaemonSet Deployment StatefulSet",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "gateway.networking.k8s.io/v1": "HTTPRoute",
    "postgresql.cnpg.io/v1": "Cluster ScheduledBackup",
    "barmancloud.cnpg.io/v1": "ObjectStore",
    "minio.min.io/v2": "Tenant",
    "acid.zalan.do/v1": "postgresql",
    "middleware.alauda.io/v1": "Redis",
}
CLUSTER_WIDE = {"Namespace"}
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
AUTHORITY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "kube-root-ca.crt", "namespace": "default", "uid": "1", "resourceVersion": "1"},
    "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
}


def _discovery() -> dict[str, Any]:
    """The answers by path: versions, groups, and the kinds of each."""
    groups = [_group(version) for version in KINDS if "/" in version]
    answers: dict[str, Any] = {
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
        "/api/v1/namespaces/default/configmaps/kube-root-ca.crt": AUTHORITY,
    }
    for version, names in KINDS.items():
        resources = [_resource(name) for name in names.split()]
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        answers[path] = {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
    return answers


def _group(version: str) -> dict[str, Any]:
    entry = {"groupVersion": version, "version": version.rpartition("/")[2]}
    return {"name": version.partition("/")[0], "versions": [entry], "preferredVersion": entry}


def _resource(kind: str) -> dict[str, Any]:
    name = (
        f"{kind.lower()[:-1]}ies" if kind.endswith("Policy") else f"{kind.lower()}{'es' if kind.endswith('s') else 's'}"
    )
    return {"name": name, "singularName": "", "kind": kind, "namespaced": kind not in CLUSTER_WIDE, "verbs": VERBS}


ANSWERS = _discovery()
NOT_FOUND = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "reason": "NotFound",
    "message": "not found",
    "details": {"name": "it", "kind": "it"},
    "code": 404,
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/openapi/v2"):
            # An empty message: a document without definitions, in the protocol's own encoding.
            self._send(200, b"", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            return
        content = ANSWERS.get(self.path.partition("?")[0])
        self._answer(200 if content else 404, content or NOT_FOUND)

    def do_POST(self) -> None:
        """Make an object, or change one: it turns out as it was asked for."""
        asked = yaml.safe_load(self.rfile.read(int(self.headers.get("Content-Length", 0)))) or {}
        made = {"uid": "2", "resourceVersion": "2", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        self._answer(201, {**asked, "metadata": {**asked.get("metadata", {}), **made}})

    do_PATCH = do_PUT = do_POST  # noqa: N815 - the names are the library's

    def _answer(self, status: int, content: Any) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: tests print their own failures."""


@contextmanager
def serving(kubeconfig: Path, *contexts: str) -> Iterator[None]:
    """Serve on a free port of the loopback, and write a kubeconfig whose contexts all lead there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster = {"name": "preview", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    user = {"name": "preview", "user": {"token": "preview"}}
    pairs = [{"name": name, "context": {"cluster": "preview", "user": "preview"}} for name in contexts]
    kubeconfig.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "users": [user], "contexts": pairs})
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command while the server serves; its own exit status."""
    parser = argparse.ArgumentParser(prog="scripts.preview_api", description="Run a preview without a cluster.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml")
    parser.add_argument("kubeconfig", type=Path, help="file to write")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run")
    given = parser.parse_args(arguments)
    try:
        context = str(at(stack_config(given.stack), "label-studio:cluster", "context"))
    except StackFileError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    with serving(given.kubeconfig, context):
        environment = {**os.environ, "KUBECONFIG": str(given.kubeconfig)}
        return subprocess.run(given.command, env=environment, check=False).returncode  # noqa: S603 - the caller's own


if __name__ == "__main__":
    sys.exit(main())
