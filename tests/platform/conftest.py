"""Tests that stop the cluster and start it again; they come after all others that use it (tests/conftest.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.cluster import lifecycle
from tests.platform.web import Web, served


@pytest.fixture(scope="session")
def web() -> Iterator[Web]:
    """A page in the cluster, which runs from then on."""
    lifecycle.start()
    with served() as page:
        yield page
