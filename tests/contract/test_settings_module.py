"""The mounted settings module in the released packages of Label Studio."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.label_studio import VERSIONS, probe


@pytest.mark.parametrize("version", VERSIONS)
def test_django_keeps_connections_and_looks_after_them(version: str, tmp_path: Path) -> None:
    found = probe(version, "configuration", tmp_path, None)
    assert (found["age"], found["checked"], found["redis"]) == (600, True, False)


@pytest.mark.parametrize("version", VERSIONS)
def test_queues_are_those_of_the_stack(version: str, tmp_path: Path) -> None:
    found = probe(version, "configuration", tmp_path, None, REDIS_LOCATION="redis://redis.invalid:6379/1")
    assert found["queues"] == ["critical", "default", "high", "low"]
    assert found["host"] == "redis.invalid"
    assert (found["age"], found["checked"]) == (600, True)
