"""What saving an annotation costs and leaves behind, with fewer_queries.py or without it."""

from __future__ import annotations

import json
import sys
import time

import django

with_it = json.load(sys.stdin)

from django.conf import settings  # noqa: E402

if not with_it:
    settings.INSTALLED_APPS.remove("fewer_queries.FewerQueries")
django.setup()

import own_database  # noqa: E402
from django.contrib.auth.backends import ModelBackend  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from projects.models import Project, ProjectSummary  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402
from session_policy.models import SessionTimeoutPolicy  # noqa: E402
from tasks.models import Annotation, Task  # noqa: E402
from users.models import User  # noqa: E402

LABELLING = '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
RESULT = [{"id": "1", "from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["a"]}}]
settings.ALLOWED_HOSTS = ["*"]
user = own_database.make()
project = Project.objects.create(
    title="P", label_config=LABELLING, organization=user.active_organization, created_by=user
)
task = Task.objects.create(project=project, data={"text": "a cat"})
http = APIClient()


def log_in(as_user: User) -> None:
    """A session as the page makes it; the cookie holds all of it."""
    http.force_login(as_user)
    session = http.session
    session.update({"last_login": time.time(), "keep_me_logged_in": True})
    session.save()
    http.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def saved(number: int) -> dict[str, object]:
    """What the page answers to an annotation of the task, and how many statements it sent."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = http.post(f"/api/tasks/{number}/annotations/", {"result": RESULT}, format="json")
    said = {name: answer.json().get(name) for name in ("task", "project", "completed_by", "result", "created_username")}
    return {"status": answer.status_code, "said": said, "queries": len(queries)}


def columns() -> dict[str, int]:
    """How many tasks of the project have each column."""
    counted: dict[str, int] = ProjectSummary.objects.get(project=project).all_data_columns
    return counted


SessionTimeoutPolicy.objects.all().delete()
log_in(user)
first, second = saved(task.pk), saved(task.pk)
found: dict[str, object] = {"saved": second, "first": first["status"]}
found["policies"] = SessionTimeoutPolicy.objects.count()
summary = ProjectSummary.objects.get(project=project)
found["summary"] = [summary.common_data_columns, summary.created_annotations, summary.created_labels]
counted = {"saved": columns()}
done = Task.objects.get(pk=task.pk)
found["task"] = [done.is_labeled, done.total_annotations, done.updated_by_id == user.pk, done.data]
http.patch(f"/api/tasks/{task.pk}/", {"data": {"text": "a dog", "more": "1"}}, format="json")
counted["data written"] = columns()
other = Task.objects.create(project=Project.objects.get(pk=project.pk), data={"text": "third"})
counted["another task"] = columns()
other = Task.objects.get(pk=other.pk)
other.data = {"text": "third", "last": 1}
other.save()
counted["saved whole"] = columns()
found["columns"] = counted
found["nobody's task"] = http.post("/api/tasks/999/annotations/", {"result": RESULT}, format="json").status_code
found["annotations"] = Annotation.objects.count()
user.is_active = False
user.save()
found["inactive"] = saved(task.pk)["status"]
found["nobody"] = ModelBackend().get_user(999)
sys.stdout.write(f"\n{json.dumps(found)}\n")
