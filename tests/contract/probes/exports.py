"""What the page's export gives out, by the release's own view and by the job that takes its place.

Reads ``{"formats": [...]}``. The database is a file of its own, and jobs run at once.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from typing import Any

import django

django.setup()

from core import redis  # noqa: E402
from data_export.api import ExportAPI  # noqa: E402
from data_export.models import Export  # noqa: E402
from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from organizations.models import Organization  # noqa: E402
from projects.models import Project  # noqa: E402
from rest_framework.test import APIRequestFactory, force_authenticate  # noqa: E402
from tasks.models import Annotation, AnnotationDraft, Prediction, Task  # noqa: E402
from users.models import User  # noqa: E402

TASKS = 40
LABELLING = """
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cat"/></RectangleLabels>
</View>
"""
question = json.load(sys.stdin)
queues = settings.RQ_QUEUES
redis.start_job_async_or_sync = lambda job, *arguments, **_: job(*arguments)
settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)


def region(number: int) -> list[dict[str, Any]]:
    value = {"x": number, "y": 2, "width": 20, "height": 10, "rotation": 0, "rectanglelabels": ["cat"]}
    size = {"original_width": 100, "original_height": 100}
    return [{"from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value, **size}]


def queue(answers: bool) -> None:
    """Whether Redis seems to be there; what saving a project or a task causes is done at once where it is not."""
    redis.redis_connected = lambda: answers


def make(count: int) -> tuple[User, Project]:
    queue(False)
    user = User.objects.create_user(f"{count}@example.com", "password")
    organization = Organization.create_organization(created_by=user, title="Own")
    user.active_organization = organization
    user.save()
    project = Project.objects.create(
        title=f"{count}", label_config=LABELLING, organization=organization, created_by=user
    )
    for number in range(count):
        task = Task.objects.create(project=project, data={"image": f"s3://data/{number:03}.jpg"})
        if number % 4:
            Annotation.objects.create(task=task, project=project, completed_by=user, result=region(number))
            Prediction.objects.create(task=task, project=project, result=region(number))
        if number % 5 == 0:
            AnnotationDraft.objects.create(task=task, user=user, result=region(number))
    queue(True)
    return user, project


def ask(user: User, project: Project, **query: Any) -> Any:
    request = APIRequestFactory().get(f"/api/projects/{project.id}/export", query)
    force_authenticate(request, user)
    return ExportAPI.as_view()(request, pk=project.id)


def content(response: Any) -> Any:
    """Status, and the files; of JSON the tasks by their numbers."""
    if response.status_code != 200:
        return [response.status_code, response.data["detail"] if "detail" in response.data else str(response.data)]
    data = b"".join(response.streaming_content)
    if not response["filename"].endswith(".zip"):
        return [200, data.decode()]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith("/")}
    return [200, files]


user, project = make(TASKS)
answers: dict[str, Any] = {"upstream": {}, "job": {}}
QUERIES: dict[str, dict[str, Any]] = {
    **{kind: {"export_type": kind} for kind in question["formats"]},
    "all": {"export_type": "JSON", "download_all_tasks": "true"},
    "ids": {"export_type": "JSON", "ids[]": [2, 3, 999]},
}
for name, query in QUERIES.items():
    settings.RQ_QUEUES = {}
    answers["upstream"][name] = content(ask(user, project, **query))
    settings.RQ_QUEUES = queues
    answers["job"][name] = content(ask(user, project, **query))

answers["refused"] = content(ask(user, project, export_type="CONLL2003"))
answers["snapshots"] = [[it.title, it.status, it.counters] for it in Export.objects.order_by("id")]


def queries(count: int) -> int:
    asker, asked = make(count)
    with CaptureQueriesContext(connection) as captured:
        answer = content(ask(asker, asked, export_type="JSON"))
    assert answer[0] == 200, answer
    return len(captured)


answers["queries"] = [queries(10), queries(50)]


def fail(*_: Any, **__: Any) -> None:
    raise OSError("no space left")


save, Export._meta.get_field("file").storage.save = Export._meta.get_field("file").storage.save, fail
answers["failed"] = content(ask(user, project, export_type="JSON"))
Export._meta.get_field("file").storage.save = save
answers["again"] = content(ask(user, project, export_type="JSON"))[0]
answers["last"] = [[it.title, it.status, it.counters] for it in Export.objects.order_by("id")][-2:]
queue(False)
answers["without a queue"] = content(ask(user, project, export_type="JSON"))
print(json.dumps(answers))
