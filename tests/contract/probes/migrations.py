"""Records every migration of the release as applied, without applying any; answers how many there are."""

from __future__ import annotations

import json

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.recorder import MigrationRecorder  # noqa: E402

# In the order in which Django applies them, and each after what it replaces, as Django records them.
loader = MigrationLoader(connection)
ordered: dict[tuple[str, str], None] = {}
for leaf in loader.graph.leaf_nodes():
    for key in loader.graph.forwards_plan(leaf):
        migration = loader.disk_migrations[key]
        ordered.update(dict.fromkeys([*(tuple(each) for each in migration.replaces), key]))
migrations = list(ordered)
recorder = MigrationRecorder(connection)
recorder.ensure_schema()
recorder.Migration.objects.bulk_create([recorder.Migration(app=app, name=name) for app, name in migrations])
print(json.dumps(len(migrations)))
