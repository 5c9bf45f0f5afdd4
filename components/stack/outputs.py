"""The outputs of a stack: addresses and names of Secrets, and one password, as a secret output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..label_studio import Connections, LabelStudio
from ..object_store import ObjectStore
from .projects import DeclaredProject, place_output, secret_output
from .settings import Settings


@dataclass(frozen=True)
class StackResult:
    """The parts of a stack whose facts are worth knowing."""

    settings: Settings
    label_studio: LabelStudio
    object_store: ObjectStore
    connections: Connections
    projects: Mapping[str, DeclaredProject]

    def outputs(self) -> dict[str, Any]:
        """The outputs of the stack by name; none but ``administratorPassword`` is a secret value."""
        return {
            "url": self.label_studio.url,
            "context": self.settings.cluster.context,
            "namespace": self.settings.cluster.namespace,
            "serviceName": self.label_studio.service_name,
            "administrator": self.label_studio.administrator_email,
            "administratorPassword": self.label_studio.generated_password,
            "administratorPasswordSecret": secret_output(self.label_studio.administrator_password),
            "objectStoreEndpoint": self.object_store.endpoint,
            "buckets": self._buckets(),
            "postgresql": self._postgresql(),
            "redis": self._redis(),
            "projects": {name: project.output() for name, project in self.projects.items()},
        }

    def _buckets(self) -> dict[str, dict[str, Any]]:
        return {
            grant: {
                **place_output(connection),
                "keySecret": secret_output(connection.access_key_id),
            }
            for grant, connection in self.object_store.connections.items()
        }

    def _postgresql(self) -> dict[str, Any]:
        connection = self.connections.postgresql
        return {
            "host": connection.host,
            "port": connection.port,
            "database": connection.database,
            "user": connection.user,
            "passwordSecret": secret_output(connection.password),
            "sslmode": connection.tls.mode if connection.tls else "disable",
        }

    def _redis(self) -> dict[str, Any] | None:
        connection = self.connections.redis
        if connection is None:
            return None
        return {
            "host": connection.host,
            "port": connection.port,
            "database": connection.database,
            "passwordSecret": secret_output(connection.password),
            "tls": connection.tls is not None,
        }
