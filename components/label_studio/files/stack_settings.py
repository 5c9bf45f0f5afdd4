"""Django settings of Label Studio in this stack.

``core.settings.base`` comes first: ``core.settings.label_studio`` starts error reporting while it is imported, which
looks into Django's settings, that is into this module, before it has finished.
"""

import os

import remembered_names
import time_limits
from core.settings.base import *  # noqa: F403
from core.settings.label_studio import *  # noqa: F403
from core.settings.label_studio import DATABASES, INSTALLED_APPS, MIDDLEWARE, REST_FRAMEWORK, SECRET_KEY
from redis_queues import LOCATION, queues

remembered_names.remember()

# Seconds that a process keeps its connection for. Label Studio opens one for each request, which is more work than most
# requests are; one that broke meanwhile is noticed before the next request uses it.
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["OPTIONS"] = time_limits.postgresql()

INSTALLED_APPS += [
    "bounded_calls.BoundedCalls",
    "guarded_calls.GuardedCalls",
    "model_servers.ModelServers",
    "declared_endpoints.DeclaredEndpoints",
    "fewer_queries.FewerQueries",
    "link_index.LinkIndex",
    "target_storages.TargetStorages",
    # After the targets: it wraps what they have put in place.
    "storage_syncs.StorageSyncs",
    "page_exports.PageExports",
    # After the syncs: it wraps what they have put in place.
    "declared_models.DeclaredModels",
    "model_tokens.ModelTokens",
]

MIDDLEWARE.insert(0, "guarded_calls.HealthOfThePod")
REST_FRAMEWORK["EXCEPTION_HANDLER"] = "guarded_calls.exception_handler"

# Keys before SECRET_KEY: sessions that they signed stay good. API tokens are checked with the newest key alone.
if SECRET_KEY_FALLBACKS := os.environ.get("SECRET_KEY_FALLBACKS", "").split():
    INSTALLED_APPS += ["django_key.DjangoKey"]
    SIMPLE_JWT = {"SIGNING_KEY": SECRET_KEY}

# The Community Edition leaves Redis unused: 1.20 empties RQ_QUEUES, later releases set REDIS_ENABLED to False.
if LOCATION in os.environ:
    REDIS_ENABLED = True
    RQ_QUEUES = queues(time_limits.redis())
    RQ = {"QUEUE_CLASS": "repeatable_jobs.StackQueue", "WORKER_CLASS": "queue_worker.StackWorker"}
    INSTALLED_APPS += ["redis_away.RedisAway"]
    MIDDLEWARE += ["redis_away.LongJobsNeedRedis"]
