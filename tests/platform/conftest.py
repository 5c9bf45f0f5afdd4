"""Tests that stop the cluster come last: whatever else runs on it has then said what it had to say."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests of this folder behind all others; the order among the others stays."""
    items.sort(key=lambda item: HERE in item.path.parents)
