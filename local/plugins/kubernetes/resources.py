"""Plain objects: check, diff, create, read, update and delete, as the official provider does them by default."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from pulumi.runtime.proto import provider_pb2

from local.plugins.kubernetes import differences, failures, fields, objects, readiness, reasons
from local.plugins.kubernetes.awaiting import Awaiter, NotReadyError
from local.plugins.kubernetes.client import ApiError, Client, Manifest
from local.plugins.kubernetes.replacements import replaces, replacing_fields
from local.plugins.kubernetes.settings import Settings
from local.plugins.properties import decode_map, encode_map, has_unknown
from local.plugins.server import InitializationError, Log, PluginError

_ATTEMPTS = 5
# Kinds whose readiness a refresh looks at, and kinds that need not be waited for when deleted (`skipAwait`).
_READ_WAITS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "Service", "Ingress")
_SKIP_DELETION_WAIT = ("Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job")
# Kinds without a namespace that a program may ask for before any cluster answers.
_CLUSTER_KINDS = (
    "Namespace", "PersistentVolume", "StorageClass", "IngressClass", "PriorityClass", "RuntimeClass",
    "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
)  # fmt: skip


class Resources:
    """Every kind but Helm releases, on one cluster."""

    def __init__(
        self, client: Client, settings: Settings, namespace: str, log: Log, cancelled: threading.Event
    ) -> None:
        self._client = client
        self._settings = settings
        self._namespace = namespace
        self._log = log
        self._awaiter = Awaiter(client, log, cancelled)
        # Scopes of the kinds that this very program defines, asked for before the cluster knows them.
        self._defined: dict[tuple[str, str], bool] = {}

    def check(self, request: Any) -> Any:
        given = decode_map(request.news)
        old = objects.manifest(decode_map(request.olds))
        version, kind = objects.type_of(request.urn)
        if kind.endswith("Patch") and given.get("kind") != kind:
            raise NotImplementedError(f"{kind} resources")
        inputs = objects.normalize({"apiVersion": version, "kind": kind, **objects.manifest(given)})
        if old:
            objects.adopt_name(inputs, old)
        autonaming = request.autonaming if request.HasField("autonaming") else None
        objects.assign_name(inputs, request.urn, request.randomSeed, autonaming)
        if self._namespaced(inputs) and not has_unknown(inputs["metadata"]):
            inputs["metadata"].setdefault("namespace", self._namespace)
        self._remember_definition(inputs)
        return provider_pb2.CheckResponse(inputs=encode_map(objects.outward(inputs, given)))

    def _namespaced(self, obj: Manifest) -> bool:
        try:
            return self._client.kind(obj["apiVersion"], obj["kind"]).namespaced
        except ApiError as error:
            if not (error.missing or error.unreachable):
                raise
            group = obj["apiVersion"].rpartition("/")[0]
            return self._defined.get((group, obj["kind"]), obj["kind"] not in _CLUSTER_KINDS)

    def _remember_definition(self, obj: Manifest) -> None:
        if obj["kind"] == "CustomResourceDefinition" and not has_unknown(obj):
            spec = obj["spec"]
            self._defined[spec["group"], spec["names"]["kind"]] = spec.get("scope") == "Namespaced"

    def diff(self, request: Any) -> Any:
        old_inputs, live = objects.parse_checkpoint(decode_map(request.olds))
        inputs = objects.normalize(objects.manifest(decode_map(request.news)))
        old_inputs = objects.normalize(old_inputs)
        # What is newly asked for is compared with what is there too: asking for a default changes nothing.
        pruned = objects.prune(objects.normalize(live), objects.union(old_inputs, inputs))
        found = list(self._changes(pruned, inputs, request.ignoreChanges))
        fields_that_replace = replacing_fields(
            inputs, self._settings.enable_config_map_mutable, self._settings.enable_secret_mutable
        )
        replacing = [change for change in found if replaces(change.path, change.value, fields_that_replace)]
        replaced = [differences.render(change.path) for change in replacing]
        if self._replace_unready(inputs, live):
            replaced.append('metadata.annotations["pulumi.com/replaceUnready"]')
        detail = {differences.render(change.path): _detail(change, change in replacing) for change in found}
        changed = bool(found or replaced)
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            replaces=replaced,
            deleteBeforeReplace=bool(replaced) and _same_place(inputs, live),
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    def _changes(self, pruned: Manifest, inputs: Manifest, ignored: Sequence[str]) -> list[differences.Change]:
        lenient = differences.typed(inputs["apiVersion"])
        found = differences.changes(pruned, inputs, lenient)
        return [
            change
            for change in found
            if not any(differences.covers(path, differences.render(change.path)) for path in ignored)
        ]

    def _replace_unready(self, inputs: Manifest, live: Manifest) -> bool:
        if inputs["kind"] != "Job" or objects.annotation(inputs, "pulumi.com/replaceUnready") != "true":
            return False
        try:
            current = self._get(live)
        except ApiError:
            return False
        return not self._progress(current).ready

    def create(self, request: Any) -> Any:
        given = decode_map(request.properties)
        inputs = objects.manifest(given)
        as_given = provider_pb2.CreateResponse(properties=request.properties)
        if request.preview and (has_unknown(inputs) or not self._served(inputs)):
            return as_given
        manager = objects.field_manager({}, inputs)
        try:
            live = self._create(request.urn, inputs, manager, request.preview)
        except ApiError as error:
            if request.preview and (error.missing or error.exists or error.reason == "Forbidden"):
                return as_given
            raise failures.refused(f"resource {request.urn} was not successfully created", error, given) from None
        if request.preview:
            live.pop("status", None)
            properties = encode_map(objects.checkpoint(inputs, live, given, inputs["apiVersion"], manager))
            return provider_pb2.CreateResponse(properties=properties)
        problem = None
        try:
            live = self._awaiter.ready(request.urn, inputs, live, request.timeout)
        except NotReadyError as error:
            live, problem = error.live, error
        properties = encode_map(objects.checkpoint(inputs, live, given, inputs["apiVersion"], manager))
        if problem is not None:
            raise failures.not_ready("was created but did not become ready", live, properties, problem, given)
        return provider_pb2.CreateResponse(id=objects.identity(live), properties=properties)

    def _served(self, inputs: Manifest) -> bool:
        try:
            self._client.kind(inputs["apiVersion"], inputs["kind"])
        except ApiError as error:
            if error.missing or error.unreachable:
                return False
            raise
        return True

    def _create(self, urn: str, inputs: Manifest, manager: str, preview: bool) -> Manifest:
        """Create, patiently: the namespace or the kind may be on its way."""
        for attempt in range(_ATTEMPTS):
            try:
                return self._create_once(inputs, manager, preview)
            except ApiError as error:
                if preview or not error.missing or attempt == _ATTEMPTS - 1:
                    raise
                self._log.status(urn, f"retry {attempt + 1}; creation failed: {error}")
                time.sleep(2**attempt)
        raise AssertionError("unreachable")

    def _create_once(self, inputs: Manifest, manager: str, preview: bool) -> Manifest:
        if not self._client.kind(inputs["apiVersion"], inputs["kind"]).namespaced:
            kept = {key: value for key, value in inputs["metadata"].items() if key != "namespace"}
            inputs = {**inputs, "metadata": kept}
        if self._settings.upsert_existing_objects:
            force = preview or self._forced(inputs)
            return self._client.apply(objects.normalize(inputs), manager, force=force, dry_run=preview)
        return self._client.create(inputs, dry_run=preview)

    def _forced(self, inputs: Manifest) -> bool:
        return self._settings.enable_patch_force or objects.annotation(inputs, "pulumi.com/patchForce") == "true"

    def read(self, request: Any) -> Any:
        state, given = decode_map(request.properties), decode_map(request.inputs)
        inputs = objects.normalize(objects.manifest(given))
        imported = not inputs
        wanted = self._wanted(request, state, inputs)
        try:
            live = self._get(wanted)
        except ApiError as error:
            if error.missing:
                return provider_pb2.ReadResponse()
            raise
        found = _as_inputs(live) if imported else objects.prune(objects.normalize(live), inputs)
        version = objects.initial_version(state, wanted)
        checkpoint = objects.checkpoint(found, live, given, version, objects.field_manager(state, wanted))
        properties, outward = encode_map(checkpoint), encode_map(objects.outward(found, given))
        progress = readiness.Progress(True) if imported else self._progress(live, inputs)
        if not progress.ready:
            details = reasons.explain(self._client, live)
            message = f"{live['kind']} {objects.identity(live)} is not ready: {progress.failure or progress.message}"
            raise InitializationError(message, request.id, properties, details, outward)
        return provider_pb2.ReadResponse(id=request.id, properties=properties, inputs=outward)

    def _wanted(self, request: Any, state: dict[str, Any], inputs: Manifest) -> Manifest:
        """Which object to read: what the state says it is, or else what the URN and the id say."""
        _, live = objects.parse_checkpoint(state)
        known = live or inputs
        version, kind = objects.type_of(request.urn)
        namespace, name = objects.parse_identity(request.id)
        return {
            "apiVersion": known.get("apiVersion", version),
            "kind": known.get("kind", kind),
            "metadata": {"name": name, "namespace": namespace, **_annotations(inputs)},
        }

    def _progress(self, live: Manifest, inputs: Manifest | None = None) -> readiness.Progress:
        """How it stands now, without waiting."""
        skipped = objects.annotation(inputs or {}, "pulumi.com/skipAwait") == "true"
        found = readiness.check_of(live)
        if found is None or skipped or live["kind"] not in _READ_WAITS:
            return readiness.Progress(True)
        return found[0](readiness.Wait(self._client, settle_seconds=0), live)

    def _get(self, obj: Manifest) -> Manifest:
        return self._client.get(obj["apiVersion"], obj["kind"], objects.namespace(obj), objects.name(obj))

    def update(self, request: Any) -> Any:
        state, given = decode_map(request.olds), decode_map(request.news)
        inputs = objects.normalize(objects.manifest(given))
        old_inputs, old_live = objects.parse_checkpoint(state)
        if request.preview and (has_unknown(inputs) or not self._served(inputs)):
            return provider_pb2.UpdateResponse(properties=request.news)
        manager = objects.field_manager(state, inputs)
        try:
            live = self._update(request, inputs, old_live, manager)
        except ApiError as error:
            if request.preview and error.reason == "Forbidden":
                return provider_pb2.UpdateResponse(properties=request.news)
            raise failures.refused(f"update of resource {request.urn} failed", error, given) from None
        problem = None
        if not request.preview:
            try:
                live = self._awaiter.ready(request.urn, inputs, live, request.timeout)
            except NotReadyError as error:
                live, problem = error.live, error
        version = objects.initial_version(state, old_inputs)
        properties = encode_map(objects.checkpoint(inputs, live, given, version, manager))
        if problem is not None:
            raise failures.not_ready("was updated but did not become ready", live, properties, problem, given)
        return provider_pb2.UpdateResponse(properties=properties)

    def _update(self, request: Any, inputs: Manifest, old_live: Manifest, manager: str) -> Manifest:
        live = self._get(old_live)
        force = self._forced(inputs)
        if request.preview:
            # The fields of our creation are taken over only by a real update.
            force = force or any(
                entry["operation"] == "Update" for entry in live["metadata"].get("managedFields") or []
            )
        else:
            live = fields.take_over(self._client, live, manager)
        wanted = fields.without_ignored(inputs, live, request.ignoreChanges, manager)
        return self._client.apply(wanted, manager, force=force, dry_run=request.preview)

    def delete(self, request: Any) -> None:
        inputs, live = objects.parse_checkpoint(decode_map(request.properties))
        propagation = objects.annotation(inputs, "pulumi.com/deletionPropagationPolicy").capitalize() or "Foreground"
        namespace, name = objects.namespace(live), objects.name(live)
        try:
            self._client.delete(live["apiVersion"], live["kind"], namespace, name, propagation)
            if objects.annotation(inputs, "pulumi.com/skipAwait") != "true" or live["kind"] not in _SKIP_DELETION_WAIT:
                self._awaiter.gone(request.urn, live, request.timeout)
        except ApiError as error:
            if not error.missing:
                raise
        except NotReadyError as error:
            raise PluginError(str(error)) from None


def _annotations(obj: Manifest) -> Manifest:
    found = objects.metadata(obj).get("annotations")
    return {"annotations": found} if found else {}


def _as_inputs(live: Manifest) -> Manifest:
    """What a program would write to get this object: for an import, where nothing was written yet."""
    found = objects.normalize({key: value for key, value in live.items() if key != "status"})
    annotations = dict(found["metadata"].get("annotations") or {})
    for key in ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"):
        annotations.pop(key, None)
    rest = {key: value for key, value in found["metadata"].items() if key != "annotations"}
    return {**found, "metadata": {**rest, **({"annotations": annotations} if annotations else {})}}


def _same_place(inputs: Manifest, live: Manifest) -> bool:
    """The new object cannot stand beside the old one: the program fixed its name, and the name is taken."""
    autonamed = objects.annotation(inputs, objects.AUTONAMED) == "true"
    same = objects.name(inputs) == objects.name(live) and objects.namespace(inputs) == objects.namespace(live)
    return same and not autonamed


def _detail(change: differences.Change, replacing: bool) -> Any:
    kind = f"{change.kind}_REPLACE" if replacing else change.kind
    return provider_pb2.PropertyDiff(kind=getattr(provider_pb2.PropertyDiff, kind), inputDiff=change.kind == "DELETE")
