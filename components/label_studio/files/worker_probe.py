"""Exits with 0 if Redis knows a live worker of this pod for the queues that are its arguments, with 1 if not.

A Redis that does not answer is no reason to start the worker again: it waits for Redis itself.
"""

import socket
import sys

from django_rq.queues import get_redis_connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis_queues import queues
from rq import Worker
from time_limits import redis

wanted = (socket.gethostname(), sys.argv[1:])
connection = get_redis_connection(queues(redis())["default"])
try:
    found = any((worker.hostname, worker.queue_names()) == wanted for worker in Worker.all(connection))
except (RedisConnectionError, RedisTimeoutError):
    found = True
sys.exit(not found)
