"""Runs in a worker's container: exports of one annotation by each kind of worker in turn, as a line of JSON.

Arguments: the id of an annotation whose project has a target, jobs in a round, rounds. The queue is of its own, so that
no other worker takes a job.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time

import django

# As manage.py does, whose folder this is.
sys.path.insert(0, "/label-studio/label_studio")
django.setup()

import django_rq  # noqa: E402
from queue_worker import StackWorker  # noqa: E402
from rq import Queue, Worker  # noqa: E402

JOB = "io_storages.s3.models.async_export_annotation_to_s3_storages"
WORKERS = {"forking": Worker, "in the worker": StackWorker}


def rate(kind: type[Worker], annotation: int, jobs: int) -> tuple[float, float]:
    """Jobs a second, and CPU milliseconds of each, with the worker's own start and its children."""
    connection = django_rq.get_connection()
    queue = Queue("bench", connection=connection)
    for _ in range(jobs):
        queue.enqueue_call(JOB, args=(annotation,))
    worker = kind([queue], connection=connection)
    began, used = time.monotonic(), sum(os.times()[:4])
    worker.work(burst=True, logging_level="ERROR")
    return jobs / (time.monotonic() - began), 1000 * (sum(os.times()[:4]) - used) / jobs


logging.disable(logging.CRITICAL)
annotation, jobs, rounds = (int(each) for each in sys.argv[1:])
found: dict[str, list[tuple[float, float]]] = {name: [] for name in WORKERS}
for _ in range(rounds):
    for name, kind in WORKERS.items():
        found[name].append(rate(kind, annotation, jobs))
sys.stdout.write(f"\n{json.dumps(found)}\n")
