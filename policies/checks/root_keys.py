"""Root keys of object stores: by what entries and variables are called, and who reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .label_studio import is_label_studio
from .pods import Pod
from .values import at, items, mapping, walk

ROOT_VARIABLE = re.compile(
    r"(MINIO|RUSTFS|SILO|GARAGE)?_?(ROOT|ADMIN)_(USER|PASSWORD|ACCESS_KEY|SECRET_KEY)|MINIO_(ACCESS|SECRET)_KEY"
)
ROOT_KEY = re.compile(
    r"(MINIO_)?ROOT[_-]?(USER|PASSWORD|ACCESS_?KEY|SECRET_?KEY)|MINIO_(ACCESS|SECRET)_KEY", re.IGNORECASE
)
CONFIGURATION = "config.env"
# What a Secret with a root key is called here; a root certificate is something else.
ROOT_NAME = re.compile(r"(.*[-.])?root([-.](keys?|configuration|credentials?|password|user|secret|access))?")


def is_root_entry(key: Any) -> bool:
    """Whether an entry of a Secret is a root key by its name."""
    return isinstance(key, str) and bool(ROOT_KEY.fullmatch(key))


def is_root_name(name: Any) -> bool:
    """Whether a Secret says of itself that it is for a root key."""
    return isinstance(name, str) and bool(ROOT_NAME.fullmatch(name))


def uses_label_studio(pod: Pod) -> bool:
    """Whether one of the pod's containers is Label Studio's, so that all of them are beside it."""
    return any(
        is_label_studio(container, {str(at(entry, "name")) for entry in items(container.body.get("env"))})
        for container in pod.containers
    )


def references(pod: Pod) -> Iterator[tuple[str, Any, Any]]:
    """Path, Secret and key of everything that a pod's containers read from Secrets; a key of None is all of them."""
    for container in pod.containers:
        for index, entry in enumerate(items(container.body.get("env"))):
            reference = at(entry, "valueFrom", "secretKeyRef")
            if reference is not None:
                yield f"container {container.name} env[{index}]", at(reference, "name"), at(reference, "key")
        for index, source in enumerate(items(container.body.get("envFrom"))):
            if at(source, "secretRef") is not None:
                yield f"container {container.name} envFrom[{index}]", at(source, "secretRef", "name"), None
    for path, value in walk(items(pod.spec.get("volumes"))):
        yield from _of_volume(f"volumes {path}", value)


def _of_volume(path: str, value: Any) -> Iterator[tuple[str, Any, Any]]:
    source = mapping(at(value, "secret"))
    name = source.get("secretName", source.get("name"))
    if name is not None:
        listed = [at(item, "key") for item in items(source.get("items"))]
        yield from ((path, name, key) for key in listed or [None])
    if isinstance(at(value, "nodePublishSecretRef", "name"), str):
        yield path, at(value, "nodePublishSecretRef", "name"), None
