"""What the mounted settings module makes of Label Studio's own settings; with the real ones: tests/contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.label_studio.files import time_limits
from components.label_studio.mounts import SETTINGS_FILES

BASE = """
RQ_QUEUES = {"default": "localhost"}
REDIS_ENABLED = False
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
INSTALLED_APPS = ["tasks"]
MIDDLEWARE = ["first"]
REST_FRAMEWORK = {}
SECRET_KEY = "newest"
FROM_BASE = 1
"""
PROBES = "guarded_calls.HealthOfThePod"
# 1.20.0 empties the queues, later releases only leave Redis off.
LABEL_STUDIO = "from core.settings.base import *\nRQ_QUEUES = {}\nFROM_LABEL_STUDIO = 1\n"
SHOWN = ("REDIS_ENABLED", "RQ_QUEUES", "DATABASES", "INSTALLED_APPS", "MIDDLEWARE", "FROM_BASE", "FROM_LABEL_STUDIO")


def settings(folder: Path, **environment: str) -> dict[str, Any]:
    files = {
        "core/__init__.py": "",
        "core/settings/__init__.py": "",
        "core/settings/base.py": BASE,
        "core/settings/label_studio.py": LABEL_STUDIO,
        **SETTINGS_FILES,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    program = f"import json, stack_settings as s; print(json.dumps({{name: getattr(s, name) for name in {SHOWN}}}))"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


@pytest.mark.parametrize("environment", [{}, {"REDIS_LOCATION": "redis://redis:6379/1"}])
def test_connections_are_kept_and_looked_after_with_and_without_redis(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    found = settings(tmp_path, **environment)
    assert found["DATABASES"]["default"] == {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": time_limits.postgresql(),
    }
    assert found["INSTALLED_APPS"][:2] == ["tasks", "bounded_calls.BoundedCalls"]
    assert found["FROM_BASE"] == found["FROM_LABEL_STUDIO"] == 1


def test_redis_is_switched_on_where_there_is_one(tmp_path: Path) -> None:
    found = settings(tmp_path, REDIS_LOCATION="redis://redis:6379/1")
    assert found["REDIS_ENABLED"] is True
    assert sorted(found["RQ_QUEUES"]) == ["critical", "default", "high", "long", "low"]
    assert found["INSTALLED_APPS"][-1] == "redis_away.RedisAway"
    assert found["MIDDLEWARE"] == [PROBES, "first", "redis_away.LongJobsNeedRedis"]


def test_without_redis_the_queue_stays_as_it_was(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found["REDIS_ENABLED"] is False
    assert found["RQ_QUEUES"] == {}
    assert found["MIDDLEWARE"] == [PROBES, "first"]
    assert not any("redis" in name for name in found["INSTALLED_APPS"])
