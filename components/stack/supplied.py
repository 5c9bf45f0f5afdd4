"""The Secrets that a stack file holds encrypted: their form, their names, and whether settings name what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..label_studio.access_settings import IngressTls
from ..redis.settings import RedisSsl
from ..settings.base import SecretReference
from ..settings.errors import dotted
from ..settings.grammars.kubernetes import OBJECT_NAME, SECRET_KEY
from ..settings.services import ServerCertificate

if TYPE_CHECKING:
    from .settings import Settings

SECRETS_KEY = "secrets"
# Names of the Secrets that the program and its operators make, of which Helm's begin with sh.helm.
MADE = re.compile(r"label-studio-(postgresql|redis|store|django|administrator|projects)(-.*)?|sh\.helm\..*")
# What the API server takes of one Secret.
MAXIMUM_BYTES = 1024 * 1024
Path = tuple[str | int, ...]


def form_problems(secrets: Any) -> Iterator[str]:
    """What is wrong with the value of ``secrets`` by itself. No line repeats anything of it but well-formed names."""
    if not _is_well_formed(secrets):
        yield f"{SECRETS_KEY}: must map names of Secrets to their keys, and each key to a text that is not empty"
        return
    for name, keys in secrets.items():
        if not _takes(OBJECT_NAME.read, name):
            yield f"{SECRETS_KEY}: each name {OBJECT_NAME.refusal}"
        elif MADE.fullmatch(name):
            yield f"{SECRETS_KEY}.{name}: is the name of a Secret that this program makes; write another one"
        elif not all(_takes(SECRET_KEY.read, key) for key in keys):
            yield f"{SECRETS_KEY}.{name}: each key {SECRET_KEY.refusal}"
        elif sum(len(f"{key}{value}".encode()) for key, value in keys.items()) > MAXIMUM_BYTES:
            yield f"{SECRETS_KEY}.{name}: must be at most 1 MiB altogether"


def reference_problems(settings: Settings, secrets: Any) -> Iterator[str]:
    """Settings that name a key which a Secret of the stack file does not have, or want another type of Secret."""
    if not _is_well_formed(secrets):
        return
    for path, name, keys in _references(settings, ()):
        missing = [key for key in keys if key not in secrets.get(name, {key: ""})]
        if missing:
            yield f"{dotted(path)}: {SECRETS_KEY}.{name} has no key {missing[0]}; add it, or name a key that is there"
    for index, name in enumerate(settings.cluster.image_pull_secrets):
        if name in secrets:
            yield (
                f"cluster.imagePullSecrets[{index}]: must be of type kubernetes.io/dockerconfigjson, and Secrets of "
                f"{SECRETS_KEY} are Opaque; make it with kubectl create secret docker-registry"
            )


def _is_well_formed(secrets: Any) -> bool:
    return isinstance(secrets, Mapping) and all(
        isinstance(keys, Mapping) and keys and all(isinstance(value, str) and value for value in keys.values())
        for keys in secrets.values()
    )


def _takes(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _references(value: Any, path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """Path, name and keys of every Secret that settings name; an Output is known later only."""
    match value:
        case SecretReference(secret_name=str(name), secret_key=key):
            yield path, name, [key]
        case ServerCertificate(secret_name=str(name)):
            yield path, name, ["tls.crt", "tls.key", "ca.crt"]
        case IngressTls(secret_name=name):
            yield path, name, ["tls.crt", "tls.key"]
        case RedisSsl(redis_ssl_secret_name=str(name)):
            keys = (
                value.redis_ssl_ca_certs_secret_key,
                value.redis_ssl_cert_file_secret_key,
                value.redis_ssl_key_file_secret_key,
            )
            yield path, name, [key for key in keys if key]
        case BaseModel():
            for field, about in type(value).model_fields.items():
                yield from _references(getattr(value, field), (*path, about.alias or field))
        case Mapping():
            for key, each in value.items():
                yield from _references(each, (*path, key))
        case tuple():
            for index, each in enumerate(value):
                yield from _references(each, (*path, index))
        case _:
            pass
