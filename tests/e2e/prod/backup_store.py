"""A MinIO of nobody's stack, with TLS by an authority of its own: where backups go and come from."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from local.cluster.api import Api, Object, wait
from local.engine import Engine
from local.images.catalog import REFERENCES
from tests.e2e.certificates import Certificate

NAME = "minio"
PORT = 9000
BUCKET = "backups"
SECRET = "backups"
USER = 1000


@dataclass(frozen=True)
class BackupStore:
    """``certificate`` is for ``host``; whoever has the keys may do everything."""

    api: Api
    namespace: str
    certificate: Certificate
    access_key_id: str = field(default_factory=lambda: secrets.token_hex(8))
    secret_access_key: str = field(default_factory=lambda: secrets.token_hex(20))

    @staticmethod
    def host(namespace: str) -> str:
        return f"{NAME}.{namespace}.svc.cluster.local"

    @property
    def settings(self) -> dict[str, Any]:
        """What a stack is told that writes there or begins there; ``supply`` gives it the Secret."""
        return {
            "destinationPath": f"s3://{BUCKET}/label-studio",
            "endpoint": f"https://{self.host(self.namespace)}:{PORT}",
            "endpointCa": {"secretName": SECRET, "secretKey": "ca.crt"},
            "credentials": {
                "accessKeyId": {"secretName": SECRET, "secretKey": "id"},
                "secretAccessKey": {"secretName": SECRET, "secretKey": "secret"},
            },
        }

    def supply(self, engine: Engine) -> None:
        """Keep the keys encrypted in the configuration of a stack."""
        engine.set_secret(SECRET, "id", self.access_key_id)
        engine.set_secret(SECRET, "secret", self.secret_access_key)
        engine.set_secret(SECRET, "ca.crt", self.certificate.authority.read_text())

    def create(self) -> None:
        """Start it and wait until it serves."""
        self.api.apply(self._objects())
        wait("the store of backups to serve", partial(self.api.available, self.namespace, NAME), 60)

    def remove(self) -> None:
        """Take it away with everything in it."""
        self.api.delete([self._namespace()])

    def _namespace(self) -> Object:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}

    def _objects(self) -> list[Object]:
        metadata = {"name": NAME, "namespace": self.namespace}
        values = {
            "MINIO_ROOT_USER": self.access_key_id.encode(),
            "MINIO_ROOT_PASSWORD": self.secret_access_key.encode(),
            "public.crt": self.certificate.certificate.read_bytes(),
            "private.key": self.certificate.key.read_bytes(),
        }
        data = {key: base64.b64encode(value).decode() for key, value in values.items()}
        labels = {"app": NAME}
        template = {"metadata": {"labels": labels}, "spec": self._pod()}
        return [
            self._namespace(),
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data},
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata,
                "spec": {"selector": {"matchLabels": labels}, "template": template, "replicas": 1},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": labels, "ports": [{"port": PORT}]},
            },
        ]

    def _pod(self) -> dict[str, Any]:
        container = {
            "name": NAME,
            "image": REFERENCES["minio"],
            "command": ["sh", "-c"],
            "args": [f"mkdir -p /data/{BUCKET} && exec silo server /data --address :{PORT} --certs-dir /certificates"],
            "env": [
                {"name": key, "valueFrom": {"secretKeyRef": {"name": NAME, "key": key}}}
                for key in ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")
            ],
            "readinessProbe": {
                "httpGet": {"path": "/minio/health/ready", "port": PORT, "scheme": "HTTPS"},
                "periodSeconds": 1,
            },
            "volumeMounts": [
                {"name": "data", "mountPath": "/data"},
                {"name": "certificates", "mountPath": "/certificates"},
            ],
        }
        items = [{"key": key, "path": key} for key in ("public.crt", "private.key")]
        return {
            "securityContext": {"runAsUser": USER, "runAsGroup": USER, "fsGroup": USER},
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
            "volumes": [
                {"name": "data", "emptyDir": {}},
                {"name": "certificates", "secret": {"secretName": NAME, "items": items}},
            ],
        }
