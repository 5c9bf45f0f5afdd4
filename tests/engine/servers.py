"""The three standalone servers as one small program, with what they need on the embedded platform."""

from __future__ import annotations

from typing import Any

# The pods, by the service of each, and the users of their images.
SERVERS = ("db", "queue", "store")
USERS = {"db": 999, "queue": 999, "store": 1000}
IMAGES = ("postgresql", "valkey", "minio", "minio_client")
SOURCE = """
from components.kubernetes.context import StackContext
from components.object_store import ObjectStore
from components.object_store.grants import uploads_grant
from components.object_store.settings import StandaloneStore
from components.postgresql import PostgreSQL, StandalonePostgres
from components.redis import Redis
from components.redis.settings import StandaloneRedis
from components.settings.base import Resources, Storage

def small():
    resources = Resources(cpu_request="10m", cpu_limit="1", memory="256Mi")
    storage = Storage(size="1Gi", storage_class=STORAGE_CLASS)
    return {"backend": "standalone", "storage": storage, "resources": resources}

opts = pulumi.ResourceOptions(providers=[cluster, random.Provider("random")])
context = StackContext(namespace=namespace, protect=False, is_shared=True, run_as_user=USER)
PostgreSQL("db", StandalonePostgres(**small()), context, opts)
Redis("queue", StandaloneRedis(**small()), context, opts)
ObjectStore("store", StandaloneStore(bucket="files", **small()), context, [uploads_grant("files")], opts)
"""


def source(user: Any, storage_class: str | None = None) -> str:
    """The program, with ``cluster.runAsUser`` and a StorageClass."""
    return SOURCE.replace("STORAGE_CLASS", repr(storage_class)).replace("USER", repr(user))
