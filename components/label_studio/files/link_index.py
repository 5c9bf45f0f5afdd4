"""An index for "is this object known?", which a sync asks for each object and Label Studio has no index for.

Without it each answer reads all links, so that a sync of 10,000 known objects takes more than twice as long, and one of
100,000 a quarter of an hour longer. Made after migrations, by whoever runs them.

Runs inside Label Studio's containers, so it knows nothing of this project. Table: 1.20.0 and 1.23.2.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.models.signals import post_migrate

TABLE = "io_storages_s3importstoragelink"
INDEX = f"CREATE INDEX IF NOT EXISTS stack_s3_link_of_key ON {TABLE} (storage_id, key)"


class LinkIndex(AppConfig):  # type: ignore[misc]
    """The Django application that makes the index."""

    name = "link_index"

    def ready(self) -> None:
        """Django sends the signal once for each application, when all migrations are done."""
        post_migrate.connect(make, sender=apps.get_app_config("io_storages"), dispatch_uid=self.name)


def make(using: str, **_: Any) -> None:
    """Make the index if it is not there; others may read meanwhile, and write after it."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE in connection.introspection.table_names(cursor):
            cursor.execute(INDEX)
