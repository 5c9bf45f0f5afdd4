"""The job queues of Label Studio, from the variables that its Helm chart makes of ``global.redisConfig``.

Runs inside Label Studio's containers, so it knows nothing of this project. Keys: django-rq 2.10 and 3.1
(``RQ_QUEUES``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

LOCATION = "REDIS_LOCATION"
# Every queue that Label Studio 1.20.0 and 1.23.2 put jobs into, the most urgent first.
NAMES = ("critical", "high", "default", "low")
# Of this stack's own, for jobs that take minutes: repeatable_jobs.py says which.
LONG = "long"
# Label Studio names a longer limit for storage syncs only; RQ's own 180 seconds would end a large project's export.
JOB_SECONDS = 3600


def queues(client: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> dict[str, dict[str, Any]]:
    """``RQ_QUEUES`` for the server of ``REDIS_LOCATION``, in the form ``redis[s]://[user][:password]@host:port/database``.

    ``client`` are the options of each client; ``REDIS_PASSWORD`` goes before a password in the location.
    """
    location = urlsplit(environment[LOCATION])
    queue: dict[str, Any] = {
        "HOST": location.hostname,
        "PORT": location.port or 6379,
        "DB": int(location.path.strip("/") or 0),
        "DEFAULT_TIMEOUT": JOB_SECONDS,
        "REDIS_CLIENT_KWARGS": dict(client),
    }
    if location.username:
        queue["USERNAME"] = unquote(location.username)
    if password := environment.get("REDIS_PASSWORD") or unquote(location.password or ""):
        queue["PASSWORD"] = password
    if location.scheme == "rediss":
        _add_tls(queue, environment)
    return dict.fromkeys((*NAMES, LONG), queue)


def _add_tls(queue: dict[str, Any], environment: Mapping[str, str]) -> None:
    requirement = environment.get("REDIS_SSL_CERTS_REQS") or "none"
    queue["SSL"] = True
    queue["SSL_CERT_REQS"] = requirement
    files = {
        "ssl_ca_certs": environment.get("REDIS_SSL_CA_CERTS"),
        "ssl_certfile": environment.get("REDIS_SSL_CERTFILE"),
        "ssl_keyfile": environment.get("REDIS_SSL_KEYFILE"),
    }
    queue["REDIS_CLIENT_KWARGS"] |= {option: path for option, path in files.items() if path}
    queue["REDIS_CLIENT_KWARGS"]["ssl_check_hostname"] = requirement == "required"
