"""The Python of each image of Label Studio, asked in the image."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.settings.images import NEWEST, OLDEST
from local.images.catalog import PYTHON
from tests.contract.label_studio import PROBES
from tests.contract.servers import run_inside

SCRIPT = "unset SSL_CERT_FILE; python3 -B interpreter.py > answer"


@pytest.mark.parametrize(
    ("version", "python", "prefix", "absent"),
    [
        (NEWEST, [3, 13], "/usr", {"_gdbm"}),
        (OLDEST, [3, 12], "/usr/local", {"_dbm", "_gdbm"}),
    ],
)
def test_python_is_that_of_the_official_image(
    version: str, python: list[int], prefix: str, absent: set[str], tmp_path: Path
) -> None:
    files = {"interpreter.py": (PROBES / "interpreter.py").read_text()}
    found = json.loads((run_inside(PYTHON[version], tmp_path, files, SCRIPT) / "answer").read_text())
    assert (found["version"], found["prefix"]) == (python, prefix)
    assert set(found["absent"]) == absent, "docs/images.md has them"
    assert found["expat"], "uWSGI does not start without it"
    # Certificates of Debian, which the official image has as well.
    assert found["authorities"] > 100
    assert (found["elsewhere"], found["compiled"], found["tests"]) == ([], [], False)
