"""Exits with 0 if Redis knows a live worker of this pod for the queues that are its arguments, with 1 if not."""

import socket
import sys

from django_rq.queues import get_redis_connection
from redis_queues import queues
from rq import Worker

wanted = (socket.gethostname(), sys.argv[1:])
connection = get_redis_connection(queues()["default"])
sys.exit(not any((worker.hostname, worker.queue_names()) == wanted for worker in Worker.all(connection)))
