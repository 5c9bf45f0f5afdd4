"""Exits with 0 if Redis knows a live queue worker of this pod, with 1 if not."""

import socket
import sys

from django_rq.queues import get_redis_connection
from redis_queues import queues
from rq import Worker

connection = get_redis_connection(queues()["default"])
sys.exit(not any(worker.hostname == socket.gethostname() for worker in Worker.all(connection)))
