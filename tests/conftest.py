"""What tests of several folders share: the cluster they run on, and how steadily properties are searched."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

# A program on mocks makes many objects that live as long as it does: a third of its time would go to the collector.
gc.set_threshold(100_000, 20, 20)
# Nothing here is tested for speed, and a busy machine must not make a property fail.
# What a pull request finds is not by chance; a run at night, which generates more, looks elsewhere each time.
settings.register_profile("steady", deadline=None, derandomize="LABEL_STUDIO_GENERATED_STACKS" not in os.environ)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The kubeconfig of the embedded cluster, which `make test` starts before the tests."""
    path = Path(os.environ.get("LABEL_STUDIO_KUBECONFIG", "/var/lib/label-studio-local/kubeconfig"))
    if not path.exists():
        pytest.fail(f"no cluster: {path} is not there; `make test` starts one", pytrace=False)
    return path
