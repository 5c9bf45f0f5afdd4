"""How tests look at the job that waits for the servers of an operator."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.pod_checks import pod_of, variables
from tests.unit.pulumi_mocks import RegisteredResource

JOB = "kubernetes:batch/v1:Job"


def expected(job: RegisteredResource) -> dict[str, Any]:
    """What the job is told to wait for."""
    found: dict[str, Any] = json.loads(variables(pod_of(job)["containers"][0])["EXPECTED"])
    return found
