"""`kubernetes:helm.sh/v3:Release`, by the real helm.

As in the official provider, inputs carry every option with its default, `version` is pinned to the chart's own, and
`valueYamlFiles` are merged into `values`. One difference: the content of a local chart takes part in the diff (input
`checksum`), so an edited template is deployed although its version stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pulumi.runtime.proto import provider_pb2

from local.plugins.kubernetes import differences, objects, reasons
from local.plugins.kubernetes.client import ApiError, Client, Manifest
from local.plugins.kubernetes.failures import redacted
from local.plugins.kubernetes.helm import Chart, Helm, HelmError, checksum
from local.plugins.kubernetes.release_inputs import DEFAULT_SECONDS, DEFAULTS, flags, merge, merged_values, seconds
from local.plugins.naming import unique_name, urn_name
from local.plugins.properties import UNKNOWN, Secret, decode_map, encode_map, has_unknown, mark_secrets, plain
from local.plugins.server import InitializationError, Log, PluginError

_OUTPUTS = ("status", "resourceNames")
_PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim")


class Releases:
    """Helm releases of one cluster."""

    def __init__(self, client: Client, helm: Helm, namespace: str, log: Log) -> None:
        self._client = client
        self._helm = helm
        self._namespace = namespace
        self._log = log

    def check(self, request: Any) -> Any:
        given, old = decode_map(request.news), decode_map(request.olds)
        inputs = {key: value for key, value in given.items() if key not in ("valueYamlFiles", *_OUTPUTS)}
        inputs = {**DEFAULTS, **inputs, "values": merged_values(given)}
        inputs["name"] = (
            plain(given.get("name"))
            or plain(old.get("name"))
            or unique_name(f"{urn_name(request.urn)}-", request.randomSeed)
        )
        inputs["namespace"] = given.get("namespace") or self._namespace
        if not plain(inputs["skipAwait"]):
            inputs.setdefault("timeout", DEFAULT_SECONDS)
        failures = []
        if not has_unknown(inputs):
            try:
                inputs |= self._resolved(plain(inputs))
            except (HelmError, OSError, yaml.YAMLError) as error:
                reason = redacted(f"{error}; check the chart name and repository configuration.", given)
                failures.append(provider_pb2.CheckFailure(property="chart", reason=reason))
        return provider_pb2.CheckResponse(inputs=encode_map(inputs), failures=failures)

    def _resolved(self, release: dict[str, Any]) -> dict[str, Any]:
        """The exact version, and for a local chart its content, so that a change of either is an update."""
        chart = Chart.of(release)
        local = chart.local
        if local is not None and local.is_dir() and release["dependencyUpdate"]:
            self._helm.update_dependencies(local)
        metadata = self._helm.chart(chart)
        if metadata.get("type") == "library":
            raise HelmError("library charts are not installable")
        content = {"checksum": checksum(local)} if local is not None else {}
        return {"version": metadata["version"], **content}

    def diff(self, request: Any) -> Any:
        """Old inputs against new ones, and against what the release was last seen to hold."""
        state, news = decode_map(request.olds), plain(decode_map(request.news))
        olds = plain(state.get("__inputs") or {})
        live = plain({key: value for key, value in state.items() if key != "__inputs"})
        # An option that later became known is no reason to deploy: compare only what either side speaks of.
        pruned = objects.prune(live, objects.union(olds, news))
        found = [
            change
            for change in differences.changes(pruned, news, lenient=False)
            if not any(
                differences.covers(ignored, differences.render(change.path)) for ignored in request.ignoreChanges
            )
        ]
        replaced = [change for change in found if change.path[0] in ("name", "namespace")]
        kinds = provider_pb2.PropertyDiff
        detail = {
            differences.render(change.path): kinds(
                kind=getattr(kinds, f"{change.kind}_REPLACE" if change in replaced else change.kind)
            )
            for change in found
        }
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if found else response.DIFF_NONE,
            diffs=sorted({str(change.path[0]) for change in found}),
            replaces=[differences.render(change.path) for change in replaced],
            detailedDiff=detail,
            hasDetailedDiff=bool(detail),
        )

    def create(self, request: Any) -> Any:
        inputs = decode_map(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=self._preview(inputs))
        release = plain(inputs)
        found = self._helm.metadata(release["name"], release["namespace"])
        if found is not None and found["status"] == "deployed" and not release["replace"]:
            raise PluginError(f"cannot re-use a name that is still in use: {release['namespace']}/{release['name']}")
        properties = self._deploy(request.urn, inputs, found)
        return provider_pb2.CreateResponse(id=_identity(release), properties=properties)

    def update(self, request: Any) -> Any:
        inputs = decode_map(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=self._preview(inputs))
        release = plain(inputs)
        found = self._helm.metadata(release["name"], release["namespace"])
        return provider_pb2.UpdateResponse(properties=self._deploy(request.urn, inputs, found))

    def _preview(self, inputs: dict[str, Any]) -> Any:
        """Render it, to fail now rather than half-way; only status and names stay unknown."""
        release = plain(inputs)
        if not has_unknown(release):
            crds = "--skip-crds" if release["skipCrds"] else "--include-crds"
            try:
                version = ["--kube-version", self._client.version()]
            except ApiError:
                version = []
            self._explained(
                lambda: self._helm.template(
                    release["name"], release["namespace"], Chart.of(release), release["values"], [crds, *version]
                ),
                inputs,
            )
        return encode_map(_checkpoint(inputs, dict.fromkeys(_OUTPUTS, UNKNOWN)))

    def _explained(self, action: Any, inputs: dict[str, Any]) -> Any:
        try:
            return action()
        except HelmError as error:
            raise HelmError(redacted(str(error), inputs)) from None

    def _deploy(self, urn: str, inputs: dict[str, Any], found: Mapping[str, Any] | None) -> Any:
        release = plain(inputs)
        self._unlock(urn, release, found)
        try:
            self._helm.install(
                release["name"], release["namespace"], Chart.of(release), release["values"], flags(release)
            )
        except HelmError as error:
            raise self._failed(inputs, error) from None
        return encode_map(_checkpoint(inputs, self._observe(release) or {}))

    def _unlock(self, urn: str, release: Mapping[str, Any], found: Mapping[str, Any] | None) -> None:
        """Forget a revision that a killed helm left pending: the stack's own lock says that nobody works on it now."""
        if found is None or found["status"] not in _PENDING:
            return
        self._log.warning(urn, f"an earlier deployment of {_identity(release)} was cut off; starting over from it")
        record = f"sh.helm.release.v1.{release['name']}.v{found['revision']}"
        self._client.delete("v1", "Secret", release["namespace"], record, "Background")

    def _failed(self, inputs: dict[str, Any], error: HelmError) -> PluginError:
        """What helm said, and why what it waited for is not ready. A release that is there is kept as failed."""
        release = plain(inputs)
        message = redacted(f"Helm release {_identity(release)} failed: {error}", inputs)
        try:
            observed = self._observe(release)
            details = self._explain(release) if observed else []
        except (HelmError, ApiError):
            observed, details = None, []
        if observed is None:
            return PluginError(message)
        text = "\n".join([message, *(f"  - {redacted(detail, inputs)}" for detail in details)])
        return InitializationError(text, _identity(release), encode_map(_checkpoint(inputs, observed)), [])

    def _explain(self, release: Mapping[str, Any]) -> list[str]:
        told: list[str] = []
        for obj in _objects(self._helm.manifest(release["name"], release["namespace"])):
            if obj["kind"] in _WORKLOADS:
                namespace = objects.namespace(obj) or release["namespace"]
                try:
                    live = self._client.get(obj["apiVersion"], obj["kind"], namespace, objects.name(obj))
                except ApiError:
                    continue
                told += reasons.explain(self._client, live)
        return told

    def _observe(self, release: Mapping[str, Any]) -> dict[str, Any] | None:
        """The outputs of a release as it stands; None when there is none."""
        name, namespace = release["name"], release["namespace"]
        metadata = self._helm.metadata(name, namespace)
        if metadata is None:
            return None
        status = {
            "name": name,
            "namespace": namespace,
            "revision": metadata["revision"],
            "status": metadata["status"],
            "chart": metadata["chart"],
            "version": metadata["version"],
            "appVersion": metadata.get("appVersion", ""),
        }
        return {
            "status": status,
            "resourceNames": _resource_names(self._helm.manifest(name, namespace)),
            "values": merge(release.get("values") or {}, self._helm.values(name, namespace)),
            "version": metadata["version"],
        }

    def read(self, request: Any) -> Any:
        state, inputs = decode_map(request.properties), decode_map(request.inputs)
        known = plain(inputs or state)
        namespace, name = objects.parse_identity(request.id)
        release = {"name": name, "namespace": namespace or self._namespace, **known}
        observed = self._observe(release)
        if observed is None:
            return provider_pb2.ReadResponse()
        if not inputs:
            inputs = {**DEFAULTS, **release, "chart": observed["status"]["chart"], "timeout": DEFAULT_SECONDS}
            inputs |= {"version": observed["version"], "values": observed["values"]}
        properties = encode_map(_checkpoint(inputs, observed))
        return provider_pb2.ReadResponse(id=request.id, properties=properties, inputs=encode_map(inputs))

    def delete(self, request: Any) -> None:
        release = plain(decode_map(request.properties))
        waited = release.get("atomic") or not release.get("skipAwait")
        waiting = ["--wait", "--timeout", f"{seconds(release)}s"] if waited else []
        self._helm.uninstall(release["name"], release["namespace"], waiting)


def _identity(release: Mapping[str, Any]) -> str:
    return f"{release['namespace']}/{release['name']}"


def _checkpoint(inputs: dict[str, Any], observed: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs and outputs side by side, and the inputs once more under `__inputs`, all of it secret."""
    outputs = {**plain(inputs), **observed}
    return {**mark_secrets(outputs, inputs), "__inputs": Secret(inputs)}


def _objects(manifest: str) -> list[Manifest]:
    found = yaml.load_all(manifest, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [obj for obj in found if isinstance(obj, dict) and obj.get("kind")]


def _resource_names(manifest: str) -> dict[str, Sequence[str]]:
    """Names by `Kind.group/version`: the official provider's keys, such as `Deployment.apps/apps/v1`."""
    names: dict[str, set[str]] = {}
    for obj in _objects(manifest):
        group = obj["apiVersion"].rpartition("/")[0]
        key = f"{obj['kind']}{f'.{group}' if group else ''}/{obj['apiVersion']}"
        names.setdefault(key, set()).add(objects.identity(obj))
    return {key: sorted(found) for key, found in sorted(names.items())}
