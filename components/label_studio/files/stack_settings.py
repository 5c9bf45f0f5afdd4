"""Django settings of Label Studio with its job queues in Redis.

The Community Edition leaves Redis unused: 1.20 empties ``RQ_QUEUES``, later releases set ``REDIS_ENABLED`` to False.

``core.settings.base`` comes first: ``core.settings.label_studio`` starts error reporting while it is imported, which
looks into Django's settings, that is into this module, before it has finished.
"""

from core.settings.base import *  # noqa: F403
from core.settings.label_studio import *  # noqa: F403
from redis_queues import queues

REDIS_ENABLED = True
RQ_QUEUES = queues()
