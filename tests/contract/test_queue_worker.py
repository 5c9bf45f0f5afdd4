"""Page and workers at a real Valkey: what a queued job costs, and how a worker outlives its Redis."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local.images import catalog
from tests.contract.label_studio import VERSIONS, probe
from tests.contract.minio import free_port
from tests.contract.servers import run_inside

# Each server ends when the worker's probe tells it, and is away for some seconds; the last one is not followed.
OUTAGES, AWAY_SECONDS, SERVER_SECONDS = 3, 4, 60


@pytest.fixture(scope="module", params=VERSIONS)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder, port = tmp_path_factory.mktemp("worker"), free_port()
    serve = f"timeout {SERVER_SECONDS} valkey-server --bind 127.0.0.1 --port {port} --save '' > log 2>&1 || true"
    script = f"for _ in $(seq {OUTAGES}); do {serve}; sleep {AWAY_SECONDS}; done; {serve}"
    server = threading.Thread(target=run_inside, args=(catalog.VALKEY, folder / "valkey", {}, script))
    server.start()
    try:
        location = f"redis://127.0.0.1:{port}/0"
        queued = probe(request.param, "queued_jobs", folder, None, REDIS_LOCATION=location)
        yield {"queued": queued, **probe(request.param, "worker_outages", folder, None, REDIS_LOCATION=location)}
    finally:
        server.join()


@pytest.mark.parametrize("work", ["new", "idle", "short job", "forked job"])
def test_the_worker_goes_on_and_is_known_again(answers: Any, work: str) -> None:
    assert answers[work]


def test_a_worker_that_is_told_to_stop_does_not_wait(answers: Any) -> None:
    assert answers["seconds to stop"] < 10


def test_the_page_opens_no_connection_for_each_job(answers: Any) -> None:
    assert answers["queued"]["connections"] == 0
    # Those of the pipeline in which RQ writes a job and puts it into its queue.
    assert answers["queued"]["commands"] < 12
