"""A saved annotation costs half of the queries: nothing is read again that the request has read already.

Label Studio 1.23.2 sends 76 statements for each, and these are most of the CPU time of page and PostgreSQL. 28 of them
take the columns of the task out of the project's summary and put the same ones in again, twice, though no data was
written; what they leave is wrong (a second annotation of a task counts its columns again). 10 are transactions around
what is in memory. The others read rows that the request has: its user's organization, the task, the project.

Runs inside Label Studio's containers, so it knows nothing of this project. Checked with 1.20.0 and 1.23.2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from importlib import import_module
from typing import Any

from annoying.fields import AutoSingleRelatedObjectDescriptor
from django.apps import AppConfig
from django.contrib.auth import get_user_model

# What each request asks of its user: feature flags the organization and who created it, the session its time limits.
WITH_USERS = ("active_organization__created_by", "active_organization__session_timeout_policy")
Method = Callable[..., Any]


class FewerQueries(AppConfig):  # type: ignore[misc]
    """The Django application that puts the shorter ways in place, once all of Label Studio is loaded."""

    name = "fewer_queries"

    def ready(self) -> None:
        """AttributeError where this release has other ways."""
        from django.contrib.auth.backends import ModelBackend  # noqa: PLC0415 - models can be imported now only

        # The receivers of a saved task look this name up.
        _wrap(import_module("tasks.models"), "_task_data_is_not_updated", lambda _: leaves_data)
        _wrap(import_module("tasks.serializers").AnnotationSerializer, "create", _with_rows)
        _wrap(ModelBackend, "get_user", lambda _: get_user)
        _wrap(AutoSingleRelatedObjectDescriptor, "__get__", _known)


def _wrap(owner: Any, name: str, wrapped: Callable[[Method], Method]) -> None:
    setattr(owner, name, wrapped(getattr(owner, name)))


def leaves_data(update_fields: Collection[str] | None) -> bool:
    """Whether a save of a task leaves its data, so that nobody has to count the columns of the project again."""
    return update_fields is not None and "data" not in update_fields


def get_user(backend: Any, user_id: Any) -> Any:
    """The user of a session, with what every request asks of it; None where there is none, or may not log in."""
    model = get_user_model()
    user = model._default_manager.select_related(*WITH_USERS).filter(pk=user_id).first()
    return user if user and backend.user_can_authenticate(user) else None


def _known(get: Method) -> Method:
    """Without a transaction where the row is in memory; the field opens one in case that it has to make the row."""

    @wraps(get)
    def known(descriptor: Any, instance: Any, owner: Any = None) -> Any:
        row = descriptor.related.get_cached_value(instance, default=None) if instance is not None else None
        return get(descriptor, instance, owner) if row is None else row

    return known


def _with_rows(create: Method) -> Method:
    """Give a new annotation the task and the project that the view has, in place of their numbers."""

    @wraps(create)
    def created(serializer: Any, data: dict[str, Any]) -> Any:
        task = vars(serializer.context.get("view", object)).get("parent_object")
        if task is None or (str(task.pk), task.project_id) != (str(data.get("task_id")), data.get("project_id")):
            return create(serializer, data)
        rest = {name: value for name, value in data.items() if name not in ("task_id", "project_id")}
        return create(serializer, {**rest, "task": task, "project": task.project})

    return created
