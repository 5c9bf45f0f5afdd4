"""Runs in a worker's container: exports of one annotation by each kind of worker in turn, as a line of JSON.

Arguments: the id of an annotation whose project has a target, jobs in a round, rounds. The queue is of its own, so that
no other worker takes a job.
"""

from __future__ import annotations

import json
import logging
import sys
import time

import django

django.setup()

import django_rq  # noqa: E402
from queue_worker import StackWorker  # noqa: E402
from rq import Queue, Worker  # noqa: E402

JOB = "io_storages.s3.models.async_export_annotation_to_s3_storages"
WORKERS = {"forking": Worker, "in the worker": StackWorker}


def rate(kind: type[Worker], annotation: int, jobs: int) -> float:
    """Jobs a second, with the time of the worker's own start."""
    connection = django_rq.get_connection()
    queue = Queue("bench", connection=connection)
    for _ in range(jobs):
        queue.enqueue_call(JOB, args=(annotation,))
    worker = kind([queue], connection=connection)
    began = time.monotonic()
    worker.work(burst=True, logging_level="ERROR")
    return jobs / (time.monotonic() - began)


logging.disable(logging.CRITICAL)
annotation, jobs, rounds = (int(each) for each in sys.argv[1:])
found: dict[str, list[float]] = {name: [] for name in WORKERS}
for _ in range(rounds):
    for name, kind in WORKERS.items():
        found[name].append(rate(kind, annotation, jobs))
sys.stdout.write(f"\n{json.dumps(found)}\n")
