"""Records every migration of the release as applied, without applying any; answers how many there are."""

from __future__ import annotations

import json

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.recorder import MigrationRecorder  # noqa: E402

migrations = MigrationLoader(connection).disk_migrations
recorder = MigrationRecorder(connection)
recorder.ensure_schema()
recorder.Migration.objects.bulk_create([recorder.Migration(app=app, name=name) for app, name in migrations])
print(json.dumps(len(migrations)))
