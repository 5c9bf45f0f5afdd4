"""The declaration that a job reads: no secrets, which come through its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..connections import S3Connection
from ..kubernetes import pods
from .args import Page, ProjectStorage, Role
from .grants import ARCHIVES
from .model_settings import EVENTS
from .settings import ProjectSettings
from .webhook_settings import WebhookSettings

CA_DIRECTORY = "/etc/object-store-ca"


def declaration(
    project: ProjectSettings,
    storages: Mapping[Role, ProjectStorage],
    page: Page,
    archives: S3Connection | None = None,
    models: Mapping[str, Any] | None = None,
) -> pulumi.Output[str]:
    """The JSON that the module ``job.apply`` reads; ``models`` are those of ``declared_models``."""
    servers = models["servers"] if models else []
    return pulumi.Output.json_dumps(
        {
            "name": project.name,
            "title": project.page_title,
            "description": project.description,
            "label_config": project.labelling,
            **({"labelling": project.template.declared} if project.template else {}),
            "page": page.url,
            "storages": {role: _storage(role, storage) for role, storage in storages.items()},
            **({"archives": place_of(ARCHIVES, archives)} if archives else {}),
            "webhooks": [
                *(_webhook(number, webhook) for number, webhook in enumerate(project.webhooks)),
                *(model_webhook(server["url"]) for server in servers),
            ],
            **({"models": models} if models else {}),
        },
        sort_keys=True,
        indent=2,
    )


def keys(storages: Mapping[Role, ProjectStorage]) -> list[k8s.core.v1.EnvVarArgsDict]:
    """The variables of ``job.s3.Key``, read from Secrets by the kubelet."""
    by_purpose: dict[str, S3Connection] = {role: storage.connection for role, storage in storages.items()}
    by_purpose["upload"] = storages["source"].user_connection
    return keys_of(by_purpose)


def keys_of(by_purpose: Mapping[str, S3Connection]) -> list[k8s.core.v1.EnvVarArgsDict]:
    """The same for any purposes."""
    return [variable for purpose, it in by_purpose.items() for variable in _key(purpose.upper(), it)]


def webhook_secrets(project: ProjectSettings) -> list[k8s.core.v1.EnvVarArgsDict]:
    """The variables that the declaration of the webhooks names, read from Secrets by the kubelet."""
    return [
        pods.secret_env(_variable(number), webhook.secret.key)
        for number, webhook in enumerate(project.webhooks)
        if webhook.secret
    ]


def certificates(
    connections: Mapping[str, S3Connection],
) -> tuple[list[k8s.core.v1.VolumeArgsDict], list[k8s.core.v1.VolumeMountArgsDict]]:
    """The certificates of the authorities of S3 servers, as files."""
    authorities = {role: it.ca for role, it in connections.items() if it.ca}
    volumes = [pods.secret_files(f"{role}-ca", ca.name, {ca.key: "ca.crt"}) for role, ca in authorities.items()]
    mounts = [pods.mount(f"{role}-ca", f"{CA_DIRECTORY}/{role}", read_only=True) for role in authorities]
    return volumes, mounts


def _storage(role: Role, storage: ProjectStorage) -> dict[str, Any]:
    place = place_of(role, storage.connection)
    return {"title": storage.title, "place": place, "options": dict(storage.options)}


def place_of(role: str, connection: S3Connection) -> dict[str, Any]:
    """Where a job or a model server finds data; the certificate is one of ``certificates``."""
    return {
        "bucket": connection.bucket,
        "prefix": connection.prefix,
        "region": connection.region,
        "endpoint": connection.endpoint,
        "ca": f"{CA_DIRECTORY}/{role}/ca.crt" if connection.ca else None,
    }


def _webhook(number: int, webhook: WebhookSettings) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "actions": [*webhook.actions],
        "header": webhook.secret.header if webhook.secret else None,
        "variable": _variable(number) if webhook.secret else None,
    }


def model_webhook(url: str) -> dict[str, Any]:
    """The one that Label Studio would make for a model server, and leave behind without it."""
    return {"url": f"{url}/webhook", "actions": [*EVENTS], "header": None, "variable": None}


def _variable(number: int) -> str:
    return f"WEBHOOK_{number}"


def _key(prefix: str, connection: S3Connection) -> list[k8s.core.v1.EnvVarArgsDict]:
    references = {
        "ACCESS_KEY_ID": connection.access_key_id,
        "SECRET_ACCESS_KEY": connection.secret_access_key,
        "SESSION_TOKEN": connection.session_token,
    }
    return [pods.secret_env(f"{prefix}_{name}", reference) for name, reference in references.items() if reference]
