"""The Kubernetes API, for any kind: paths come from the server's own discovery."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlencode

import urllib3
from urllib3.util import Retry

from local.plugins.kubernetes.kubeconfig import Cluster
from local.plugins.server import PluginError

Manifest = dict[str, Any]
# Nothing that may have been carried out is sent twice: only failing connections and what the server put off.
_RETRY = Retry(
    5, connect=3, read=0, redirect=0, other=0, status_forcelist={429}, allowed_methods=None, backoff_factor=0.3
)


class ApiError(PluginError):
    """The API server refused; `code` is the HTTP status, 0 when it did not answer."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason

    @property
    def missing(self) -> bool:
        """The object (or its namespace) is not there."""
        return self.code == 404

    @property
    def unreachable(self) -> bool:
        """The server did not answer at all."""
        return self.code == 0

    @property
    def exists(self) -> bool:
        """An object of this name is there already."""
        return self.reason == "AlreadyExists"


class NoSuchKindError(ApiError):
    """The server does not serve this kind: its CustomResourceDefinition is not there (yet)."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(404, "NoMatch", f'no matches for kind "{kind}" in version "{api_version}"')


@dataclass(frozen=True)
class Kind:
    """One resource of the API: its plural and whether its objects live in namespaces."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """The URL path of a collection, an object or a subresource."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        scope = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return "/".join(part for part in (f"{root}{scope}/{self.plural}", name, subresource) if part)


class Client:
    """A thread-safe client of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        token = {"Authorization": f"Bearer {cluster.token}"} if cluster.token else {}
        self._server = cluster.server
        self._http = urllib3.PoolManager(
            maxsize=64,
            headers={"User-Agent": "pulumi-kubernetes-stand-in", "Content-Type": "application/json", **token},
            ssl_context=cluster.ssl_context(),
            retries=_RETRY,
            timeout=urllib3.Timeout(connect=10, read=60),
        )
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._lock = threading.Lock()

    def version(self) -> str:
        """The server's version, `v1.34.4`. Raises ApiError when it cannot be reached."""
        return str(self._request("GET", "/version")["gitVersion"])

    def kind(self, api_version: str, kind: str) -> Kind:
        """How the server serves this kind. Raises NoSuchKindError."""
        with self._lock:
            if (api_version, kind) not in self._kinds:
                self._discover(api_version)
            try:
                return self._kinds[api_version, kind]
            except KeyError:
                raise NoSuchKindError(api_version, kind) from None

    def _discover(self, api_version: str) -> None:
        root = "/apis" if "/" in api_version else "/api"
        try:
            served = self._request("GET", f"{root}/{api_version}")["resources"]
        except ApiError as error:
            if error.missing:
                return
            raise
        for entry in served:
            if "/" not in entry["name"]:
                found = Kind(api_version, entry["kind"], entry["name"], entry["namespaced"])
                self._kinds[api_version, entry["kind"]] = found

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest:
        """One object. Raises ApiError, `missing` when it is not there."""
        return self._request("GET", self.kind(api_version, kind).path(namespace, name))

    def find(self, api_version: str, kind: str, namespace: str, **selectors: str) -> list[Manifest]:
        """The objects that `labelSelector` and `fieldSelector` choose."""
        items = self._request("GET", self.kind(api_version, kind).path(namespace), params=selectors)["items"]
        return [{"apiVersion": api_version, "kind": kind, **item} for item in items]

    def create(self, manifest: Manifest, dry_run: bool) -> Manifest:
        """Create an object that must not be there yet."""
        metadata = manifest["metadata"]
        path = self.kind(manifest["apiVersion"], manifest["kind"]).path(metadata.get("namespace", ""))
        # The official provider's name: its first server-side apply takes over what this manager owns.
        params = {"fieldManager": "pulumi-kubernetes", **_dry_run(dry_run)}
        return self._request("POST", path, params=params, content=manifest)

    def apply(self, manifest: Manifest, manager: str, force: bool, dry_run: bool) -> Manifest:
        """Server-side apply."""
        params = {
            "fieldManager": manager,
            "force": str(force).lower(),
            "fieldValidation": "Warn",
            **_dry_run(dry_run),
        }
        return self._patch(manifest, "application/apply-patch+yaml", manifest, params)

    def json_patch(self, manifest: Manifest, operations: list[Manifest]) -> Manifest:
        """Change an object by RFC 6902 operations."""
        return self._patch(manifest, "application/json-patch+json", operations, {})

    def _patch(self, manifest: Manifest, content_type: str, content: Any, params: Mapping[str, str]) -> Manifest:
        metadata = manifest["metadata"]
        kind = self.kind(manifest["apiVersion"], manifest["kind"])
        path = kind.path(metadata.get("namespace", ""), metadata["name"])
        return self._request("PATCH", path, params=params, content=content, content_type=content_type)

    def delete(self, api_version: str, kind: str, namespace: str, name: str, propagation: str) -> None:
        """Ask for an object's deletion; it may still be there afterwards."""
        path = self.kind(api_version, kind).path(namespace, name)
        self._request("DELETE", path, content={"propagationPolicy": propagation})

    def pod_log(self, namespace: str, name: str, container: str, lines: int) -> str:
        """The last lines a container wrote; empty when there are none to be had."""
        path = self.kind("v1", "Pod").path(namespace, name, "log")
        params = {"container": container, "tailLines": str(lines)}
        try:
            return self._send("GET", path, params=params).data.decode(errors="replace")
        except ApiError:
            return ""

    def _request(self, method: str, path: str, **options: Any) -> Manifest:
        content: Manifest = self._send(method, path, **options).json()
        return content

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        content: Any = None,
        content_type: str = "application/json",
    ) -> urllib3.BaseHTTPResponse:
        query = f"?{urlencode(params)}" if params else ""
        body = None if content is None else json.dumps(content)
        headers = {**self._http.headers, "Content-Type": content_type}
        try:
            answer = self._http.request(method, f"{self._server}{path}{query}", body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(f"{self._server}: {error}") from None
        if answer.status >= 400:
            raise _error(answer)
        return answer


def unreachable(reason: str) -> ApiError:
    """The error of a server that does not answer."""
    return ApiError(0, "Unreachable", f"configured Kubernetes cluster is unreachable: {reason}")


class NoClient(Client):
    """Stands where no cluster can be made out of the configuration: every request says why."""

    def __init__(self, reason: ApiError) -> None:
        self._reason = reason
        self._kinds = {}
        self._lock = threading.Lock()

    def _send(self, *_: Any, **__: Any) -> NoReturn:
        raise self._reason


def _dry_run(wanted: bool) -> dict[str, str]:
    return {"dryRun": "All"} if wanted else {}


def _error(answer: urllib3.BaseHTTPResponse) -> ApiError:
    try:
        status = answer.json()
    except ValueError:
        status = {}
    message = status.get("message") or f"the API server answered {answer.status}"
    return ApiError(answer.status, status.get("reason", ""), message)
