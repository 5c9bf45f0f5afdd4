"""Tests that stop the cluster come last: whatever else runs on it has then said what it had to say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import lifecycle
from tests.platform.web import Web, served

HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests of this folder behind all others; the order among the others stays."""
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.fixture(scope="session")
def web() -> Iterator[Web]:
    """A page in the cluster, which runs from then on."""
    lifecycle.start()
    with served() as page:
        yield page
