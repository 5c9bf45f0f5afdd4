"""Tests that stop the cluster and start it again, when no other process uses it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from local.cluster import lifecycle
from tests.conftest import turn
from tests.platform.web import Web, served


@pytest.fixture(scope="package", autouse=True)
def alone() -> Iterator[None]:
    with turn(fcntl.LOCK_EX):
        yield


@pytest.fixture(scope="session")
def web() -> Iterator[Web]:
    """A page in the cluster, which runs from then on."""
    lifecycle.start()
    with served() as page:
        yield page
