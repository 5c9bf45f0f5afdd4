"""What it costs Redis that the page queues jobs: connections and commands of each; REDIS_LOCATION is a server."""

from __future__ import annotations

import json
import os
import sys
import time
from types import ModuleType

sys.modules["uwsgi"] = ModuleType("uwsgi")

import django  # noqa: E402

django.setup()

from core.redis import redis_connected, start_job_async_or_sync  # noqa: E402
from redis import Redis  # noqa: E402
from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: E402

JOBS, SECONDS = 10, 30
server = Redis.from_url(os.environ["REDIS_LOCATION"])
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    try:
        server.ping()
        break
    except RedisConnectionError:
        time.sleep(0.1)


def asked() -> tuple[int, int]:
    """Connections and commands that there were."""
    found = server.info()
    return found["total_connections_received"], found["total_commands_processed"]


# The first one opens the connection.
start_job_async_or_sync(os.getcwd)
before = asked()
for _ in range(JOBS):
    assert redis_connected()
    start_job_async_or_sync(os.getcwd)
after = asked()
found = {name: (new - old) / JOBS for name, new, old in zip(("connections", "commands"), after, before, strict=True)}
sys.stdout.write(f"\n{json.dumps(found)}\n")
server.flushall()
