"""Django settings of Label Studio with its job queues in Redis; the Community Edition empties ``RQ_QUEUES``.

``core.settings.base`` comes first: ``core.settings.label_studio`` starts error reporting while it is imported, which
looks into Django's settings, that is into this module, before it has finished.
"""

from core.settings.base import *  # noqa: F403
from core.settings.label_studio import *  # noqa: F403
from redis_queues import queues

RQ_QUEUES = queues()
