"""The provider: its configuration, and each resource handed to what knows it."""
# ruff: noqa: N802  (method names are the protocol's)

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local.plugins.kubernetes import kubeconfig
from local.plugins.kubernetes.client import ApiError, Client, NoClient, unreachable
from local.plugins.kubernetes.helm import Helm
from local.plugins.kubernetes.releases import Releases
from local.plugins.kubernetes.resources import Resources
from local.plugins.kubernetes.settings import Settings
from local.plugins.naming import urn_type
from local.plugins.properties import decode_map, has_unknown, plain
from local.plugins.server import Log, PluginError, serve

_RELEASE = "kubernetes:helm.sh/v3:Release"
_LOCATION = ("kubeconfig", "context", "cluster")


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """What the engine calls. One process serves one configured provider."""

    def __init__(self, log: Log, helm: str, version: str) -> None:
        self._log = log
        self._helm = helm
        self._version = version
        self._cancelled = threading.Event()
        self._settings = Settings()
        self._resources: Resources
        self._releases: Releases

    def Handshake(self, *_: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, *_: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, *_: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, *_: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "kubernetes", "version": "{self._version}"}}')

    def CheckConfig(self, request: Any, _: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, _: Any) -> Any:
        """Another cluster replaces everything; `clusterIdentifier`, where given, alone says which cluster it is."""
        olds, news = plain(decode_map(request.olds)), plain(decode_map(request.news))
        changed = [key for key in {**olds, **news} if olds.get(key) != news.get(key)]
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=changed,
            replaces=_replacing_config(olds, news, changed),
        )

    def Configure(self, request: Any, _: Any) -> Any:
        settings = self._settings = Settings.of(request.variables)
        client, namespace = self._connect(settings)
        self._resources = Resources(client, settings, namespace, self._log, self._cancelled)
        helm = Helm(self._helm, _helm_config(settings), settings.context, self._cancelled)
        self._releases = Releases(client, helm, namespace, self._log)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def _connect(self, settings: Settings) -> tuple[Client, str]:
        """A cluster that does not answer is no error yet: a preview may do without. It is asked only once."""
        namespace = settings.namespace or "default"
        try:
            cluster = kubeconfig.load(settings.kubeconfig, settings.context, settings.cluster)
            namespace = settings.namespace or cluster.namespace
            client = Client(cluster)
            client.version()
        except ApiError as error:
            if error.unreachable:
                return NoClient(error), namespace
            return client, namespace
        except PluginError as error:
            return NoClient(unreachable(str(error))), namespace
        return client, namespace

    def _of(self, request: Any) -> Resources | Releases:
        return self._releases if urn_type(request.urn) == _RELEASE else self._resources

    def Check(self, request: Any, _: Any) -> Any:
        return self._of(request).check(request)

    def Diff(self, request: Any, _: Any) -> Any:
        return self._of(request).diff(request)

    def Create(self, request: Any, _: Any) -> Any:
        return self._of(request).create(request)

    def Update(self, request: Any, _: Any) -> Any:
        return self._of(request).update(request)

    def Read(self, request: Any, _: Any) -> Any:
        try:
            return self._of(request).read(request)
        except ApiError as error:
            if self._forget(request, error):
                return provider_pb2.ReadResponse()
            if error.unreachable and self._settings.skip_update_unreachable:
                self._log.info(request.urn, "the cluster is unreachable and `skipUpdateUnreachable` is on: not read")
                return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
            raise

    def Delete(self, request: Any, _: Any) -> Any:
        try:
            self._of(request).delete(request)
        except ApiError as error:
            if not self._forget(request, error):
                raise
        return empty_pb2.Empty()

    def _forget(self, request: Any, error: ApiError) -> bool:
        """Whether `deleteUnreachable` says that what a lost cluster held is gone."""
        if not (error.unreachable and self._settings.delete_unreachable):
            return False
        self._log.info(request.urn, "the cluster is unreachable and `deleteUnreachable` is on: forgetting the resource")
        return True

    def Cancel(self, *_: Any) -> Any:
        self._cancelled.set()
        return empty_pb2.Empty()


def _replacing_config(olds: dict[str, Any], news: dict[str, Any], changed: list[str]) -> list[str]:
    identifier = "clusterIdentifier"
    if identifier in olds and identifier in news:
        return [identifier] if identifier in changed else []
    unknown = [key for key in _LOCATION if has_unknown(news.get(key))]
    if unknown:
        return unknown
    before, after = _target(olds), _target(news)
    moved = before is not None and after is not None and before != after
    return [key for key in _LOCATION if key in changed] if moved else []


def _target(config: dict[str, Any]) -> dict[str, Any] | None:
    try:
        content = kubeconfig.parse(config["kubeconfig"]) if config.get("kubeconfig") else {}
    except PluginError:
        return None
    return kubeconfig.active_cluster(content, config.get("context") or "", config.get("cluster") or "")


def _helm_config(settings: Settings) -> str:
    """A kubeconfig file for helm; one given as content lies in a private folder until this process ends."""
    if not settings.kubeconfig:
        return ""
    if "\n" not in settings.kubeconfig and (path := Path(settings.kubeconfig).expanduser()).is_file():
        return str(path)
    folder = tempfile.mkdtemp(prefix="pulumi-kubernetes-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder, "kubeconfig")
    try:
        path.write_text(yaml.safe_dump(kubeconfig.parse(settings.kubeconfig)))
    except PluginError:
        return ""
    return str(path)


def main(engine: str, helm: str, version: str) -> None:
    """Serve until the engine ends."""
    provider = KubernetesProvider(Log(engine), helm, version)
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))
