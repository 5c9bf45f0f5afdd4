"""A database of its own for a probe, without migrations or a queue, and its first user; after ``django.setup()``."""

from __future__ import annotations

from typing import Any

from core import redis
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from organizations.models import Organization
from users.models import User


def make() -> Any:
    """The user, who has made the organization that is active."""
    redis.redis_connected = lambda: False
    settings.RQ_QUEUES = {}
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)
    user = User.objects.create_user("projects@example.com", "password")
    user.active_organization = Organization.create_organization(created_by=user, title="Own")
    user.save()
    return user
