"""A queue worker at a real server that ends in the middle of its work and comes back without its memory.

Somebody starts the server of REDIS_LOCATION again whenever it has ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

import django_rq  # noqa: E402
import queue_worker  # noqa: E402
from redis import Redis  # noqa: E402
from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: E402
from rq import Worker  # noqa: E402

SECONDS = 60
# As the workers' pods have it, but shorter: an idle worker looks around 15 seconds before.
TTL_SECONDS = 20
# Jobs that last until the server has ended.
SHORT, FORKED = "time.sleep", "subprocess.check_call"
queue_worker.SHORT |= {SHORT}
server = Redis.from_url(os.environ["REDIS_LOCATION"])


def until(what: Callable[[], Any]) -> Any:
    """Its first answer that is something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if answer := what():
                return answer
        except RedisConnectionError:
            pass
        time.sleep(0.1)
    raise TimeoutError(what)


def end_server() -> None:
    """Without a trace of what it knew."""
    try:
        server.shutdown(nosave=True, now=True, force=True)
    except RedisConnectionError:
        return


def outage() -> None:
    """The server ends; returns when another one, which is empty, answers."""
    first = server.info()["run_id"]
    end_server()
    until(lambda: server.info()["run_id"] != first)


def started(function: str, *arguments: Any) -> None:
    """A job that runs."""
    job = django_rq.get_queue("default").enqueue_call(function, args=arguments, timeout=SECONDS)
    until(lambda: job.get_status() == "started")


def works() -> bool:
    """Whether the worker takes a job, and Redis knows it as the probe of its pod wants it."""
    until(lambda: [each for each in Worker.all(server) if each.queue_names() == ["default"]])
    job = django_rq.get_queue("default").enqueue_call("os.getcwd")
    return bool(until(lambda: job.get_status() == "finished"))


until(server.ping)
if not (process := os.fork()):
    worker = django_rq.get_worker("default")
    worker.worker_ttl = TTL_SECONDS
    worker.work(logging_level="CRITICAL", with_scheduler=True)
    os._exit(0)
found: dict[str, Any] = {}
try:
    found["new"] = works()
    outage()
    found["idle"] = works()
    started(SHORT, 1)
    outage()
    found["short job"] = works()
    started(FORKED, ["sleep", "1"])
    outage()
    found["forked job"] = works()
    end_server()
    os.kill(process, signal.SIGTERM)
    began = time.monotonic()
    signal.alarm(SECONDS)
    os.waitpid(process, 0)
    found["seconds to stop"] = time.monotonic() - began
except BaseException:
    os.kill(process, signal.SIGKILL)
    raise
sys.stdout.write(f"\n{json.dumps(found)}\n")
