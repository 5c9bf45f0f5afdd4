"""Serves the release with a database of its own, for one user and one project, until it is killed.

Reads ``{"label_config": ..., "tasks": [data, ...]}`` and prints a line with the port, the project and its tasks. With
IN_UWSGI the release takes it for a process of uWSGI.
"""

from __future__ import annotations

import json
import os
import sys
from types import ModuleType
from wsgiref.simple_server import make_server

if os.environ.get("IN_UWSGI"):
    sys.modules["uwsgi"] = ModuleType("uwsgi")

import django

django.setup()

import own_database  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from io_storages.s3.models import S3ImportStorage  # noqa: E402
from projects.models import Project  # noqa: E402
from tasks.models import Task  # noqa: E402

question = json.loads(sys.stdin.readline())
user = own_database.make()
project = Project.objects.create(
    title="Cats", label_config=question["label_config"], organization=user.active_organization, created_by=user
)
# With it, the page shows other addresses than the tasks have.
S3ImportStorage.objects.create(project=project, bucket="projects", prefix="cats/input/", presign=False)
tasks = [Task.objects.create(project=project, data=data).id for data in question["tasks"]]
server = make_server("127.0.0.1", 0, get_wsgi_application())
print(json.dumps({"port": server.server_port, "project": project.id, "tasks": tasks}), flush=True)
server.serve_forever()
