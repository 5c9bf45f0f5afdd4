"""The real helm and kubeconform, and schemas that need no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chart.helm import Chart
from tests.chart.kubernetes_schemas import write_schemas


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The embedded chart and what checks its objects."""
    schemas: Path = tmp_path_factory.mktemp("schemas")
    write_schemas(schemas)
    return Chart(schemas)
