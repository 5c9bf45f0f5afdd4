"""Volumes that are there already: a claim can only grow, and a StatefulSet's template cannot change at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..label_studio.settings import VolumePersistence
from ..label_studio.values import claim_name, service_name
from ..object_store.settings import StandaloneStore
from ..postgresql.settings import StandalonePostgres
from ..redis.settings import StandaloneRedis
from ..settings.base import Storage
from ..settings.grammars.quantities import parse_quantity
from .settings import Settings

# The object at a path of the API, or None where it is not there or may not be read.
Read = Callable[[str], Mapping[str, Any] | None]
STATEFUL_SET = "/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"
DEPLOYMENT = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
# The annotation with which make copy-uploads marks a claim.
COPIED = "label-studio/copied-to"
CLAIM = "/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}"


def volume_problems(settings: Settings, read: Read, name: str = "label-studio") -> Iterator[str]:
    """Settings of volumes that the cluster would refuse, or for which a server would be replaced; each by its path."""
    namespace = settings.cluster.namespace
    servers = {
        "postgresql": (f"{name}-postgresql", settings.postgresql),
        "redis": (f"{name}-redis", settings.redis),
        "objectStore": (f"{name}-store", settings.object_store),
    }
    for key, (server, chosen) in servers.items():
        match chosen:
            case StandalonePostgres() | StandaloneRedis() | StandaloneStore():
                found = read(STATEFUL_SET.format(namespace=namespace, name=server))
                for template in found["spec"].get("volumeClaimTemplates", []) if found else []:
                    yield from _template_problems(f"{key}.storage", chosen.storage, template["spec"])
            case _:
                pass
    if isinstance(settings.postgresql, StandalonePostgres) and settings.postgresql.upgrade_backup == "stack":
        dumps = read(CLAIM.format(namespace=namespace, name=f"{name}-postgresql-dumps"))
        yield from _claim_problems("postgresql.dumps", settings.postgresql.dumps, dumps["spec"]) if dumps else ()
    claim = read(CLAIM.format(namespace=namespace, name=claim_name(name)))
    persistence = settings.label_studio.persistence
    if claim and isinstance(persistence, VolumePersistence):
        yield from _claim_problems("labelStudio.persistence", persistence, claim["spec"])
        if persistence.access_mode not in claim["spec"]["accessModes"]:
            mode = claim["spec"]["accessModes"][0]
            yield f"labelStudio.persistence.accessMode: must be {mode}, as a volume keeps its access mode"
    elif claim and COPIED not in (claim["metadata"].get("annotations") or {}):
        page = read(DEPLOYMENT.format(namespace=namespace, name=service_name(name)))
        if page and _mounts(page, claim_name(name)):
            size = _size(claim["spec"])
            yield (
                f"labelStudio.persistence: must be {{type: volume, size: {size}}} until the bucket has the files of "
                f"the claim {claim_name(name)}, which the page has now: make copy-uploads copies them, and deletes "
                "nothing"
            )


def _mounts(page: Mapping[str, Any], claim: str) -> bool:
    volumes = page["spec"]["template"]["spec"].get("volumes") or []
    return any((each.get("persistentVolumeClaim") or {}).get("claimName") == claim for each in volumes)


def _size(spec: Mapping[str, Any]) -> str:
    return str(spec["resources"]["requests"]["storage"])


def _template_problems(key: str, storage: Storage, spec: Mapping[str, Any]) -> Iterator[str]:
    size = _size(spec)
    if parse_quantity(storage.size) != parse_quantity(size):
        yield (
            f"{key}.size: must be {size} while the server exists, as Kubernetes does not change the volumes of a "
            'StatefulSet; see "Enlarge a volume" in docs/troubleshooting.md'
        )
    if storage.storage_class and storage.storage_class != spec.get("storageClassName"):
        yield f"{key}.storageClass: must be {spec.get('storageClassName')}, as a volume keeps its class"


def _claim_problems(key: str, chosen: Storage | VolumePersistence, spec: Mapping[str, Any]) -> Iterator[str]:
    size = _size(spec)
    if parse_quantity(chosen.size) < parse_quantity(size):
        yield f"{key}.size: must be at least {size}, as a volume does not shrink"
    if chosen.storage_class and chosen.storage_class != spec.get("storageClassName"):
        yield f"{key}.storageClass: must be {spec.get('storageClassName')}, as a volume keeps its class"
