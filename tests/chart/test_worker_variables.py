"""The queue workers, which no chart makes, are told what the chart tells the containers of the page."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.chart.helm import Chart, environment_of
from tests.unit.label_studio.arguments import DEPLOYMENT, POSTGRESQL, REDIS, RELEASE, S3, VOLUMES, arguments, program

UPLOADS: dict[str, dict[str, Any]] = {
    "store": {"s3": S3["store"]},
    "session": {"s3": S3["session"]},
    "volume": {"persistence": VOLUMES["once"]},
}


@pytest.mark.parametrize(
    ("postgresql", "redis", "uploads"), list(itertools.product(POSTGRESQL, ["plain", "open", "tls"], UPLOADS))
)
def test_workers_are_told_what_the_page_is(chart: Chart, postgresql: str, redis: str, uploads: str) -> None:
    registered = program(arguments(postgresql=POSTGRESQL[postgresql], redis=REDIS[redis], **UPLOADS[uploads]))
    page = chart.render(registered.one(RELEASE).inputs["values"]).environment("db-migrations")
    workers = registered.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]["containers"]
    assert page.pop("INIT_CONTAINER") == "true"
    assert [environment_of(worker) for worker in workers] == [page] * len(workers)
