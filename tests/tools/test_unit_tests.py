"""`tests/unit` needs no network and nothing but Python: a sample of it runs so, and no file of it starts a program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.pages import PROJECT

# The program that a test starts, which may be this Python.
STARTED = re.compile(r"subprocess\.(?:run|Popen|check_\w+)\(\s*\[?\s*([\w.]+|.)")
UNIT = PROJECT / "tests" / "unit"
SAMPLE = [UNIT / name for name in ("redis", "label_studio/test_stack_settings.py", "test_local_preconditions.py")]


def test_no_unit_test_starts_a_program() -> None:
    started = {program for file in UNIT.rglob("*.py") for program in STARTED.findall(file.read_text())}
    assert started == {"sys.executable"}


def test_a_sample_runs_without_network_and_programs(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(sys.executable)
    command = ["unshare", "--net", "env", f"PATH={tmp_path}", sys.executable, "-m", "pytest", "-q", *map(str, SAMPLE)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
