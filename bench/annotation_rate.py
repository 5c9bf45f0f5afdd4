"""How fast annotations come into the bucket while people save them: at a steady pace, and as fast as the page goes.

Everything runs as people have it: six sessions save, the page queues, the worker writes to a target in the bucket of
the page.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from bench.page import ANNOTATION, LABELLING, administrator, json_of, log_in
from bench.queue_workers import target
from bench.uploads import place
from bench.variants import NAMESPACE, address_of_page, served
from cli.cluster import Cluster
from cli.store import Store, open_store
from local.cluster.api import Api, wait
from local.paths import CONTEXT, KUBECONFIG

PEOPLE, ANNOTATIONS = 6, 1200
# Annotations a second that all people together save.
PACE, NO_PACE = 20.0, float("inf")
PATIENCE_SECONDS = 600.0


def measure(api: Api) -> Iterator[str]:
    """A line for each pace: what was saved a second, and what of it was in the bucket when the last one was saved."""
    os.environ["KUBECONFIG"] = str(KUBECONFIG)
    deployment = served(api)
    page, account = address_of_page(api, deployment), administrator(api, deployment)
    people = [log_in(page, *account) for _ in range(PEOPLE)]
    for pace in (PACE, NO_PACE):
        project, tasks = _project(people[0])
        prefix = f"bench-rate-{project}"
        with open_store(Cluster(CONTEXT, NAMESPACE), replace(place(), prefix=f"{prefix}/")) as store:
            try:
                json_of(people[0].post("/api/storages/export/s3", json=target(api, NAMESPACE, project, prefix)))
                yield _line(store, people, tasks, pace)
            finally:
                people[0].delete(f"/api/projects/{project}/").raise_for_status()
                _clear(store)


def _line(store: Store, people: list[httpx.Client], tasks: list[int], pace: float) -> str:
    began = time.monotonic()
    _save(people, tasks, pace)
    saving, there = time.monotonic() - began, len(store.names())
    wait("the last annotation in the bucket", lambda: len(store.names()) == ANNOTATIONS, PATIENCE_SECONDS)
    late = time.monotonic() - began - saving
    asked = "as fast as the page takes them" if pace == NO_PACE else f"{pace:.0f}/s"
    return (
        f"annotations saved by {PEOPLE} people at {asked}: {ANNOTATIONS / saving:.1f}/s, of them in the bucket "
        f"meanwhile: {there / saving:.1f}/s, ratio {there / ANNOTATIONS:.2f}; the last one {late:.1f} s later"
    )


def _project(http: httpx.Client) -> tuple[int, list[int]]:
    project = json_of(http.post("/api/projects/", json={"title": "Bench", "label_config": LABELLING}))["id"]
    json_of(http.post(f"/api/projects/{project}/import", json=[{"text": f"cat {each}"} for each in range(ANNOTATIONS)]))
    found = json_of(http.get("/api/tasks", params={"project": project, "page_size": ANNOTATIONS}))["tasks"]
    return project, [task["id"] for task in found]


def _save(people: list[httpx.Client], tasks: list[int], pace: float) -> None:
    """Each person takes the next task when it is due; httpx.HTTPError for one that was not saved."""
    began, due, lock = time.monotonic(), enumerate(tasks), threading.Lock()

    def work(http: httpx.Client) -> None:
        while True:
            with lock:
                number, task = next(due, (0, None))
            if task is None:
                return
            time.sleep(max(0.0, began + number / pace - time.monotonic()))
            json_of(http.post(f"/api/tasks/{task}/annotations/", json=ANNOTATION))

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(work, people))


def _clear(store: Store) -> None:
    for found in store.names():
        store.client.delete_object(Bucket=store.place.bucket, Key=store.place.prefix + found)
