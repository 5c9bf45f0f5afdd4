"""What runs in pods, looked at from inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from tests.engine.kubectl import Kubectl

DEBIAN = {"apt-get", "dpkg", "perl"}
# By the object that has the pod: official images of Alpine, of Debian without certificates, and of bash with coreutils.
LACKING = {
    "deploy/label-studio-ls-app": {*DEBIAN, "openssl"},
    "deploy/label-studio-ls-worker": {*DEBIAN, "openssl"},
    "statefulset/label-studio-redis": {"openssl"},
    "statefulset/label-studio-store": {*DEBIAN, "openssl", "tar", "grep", "sed"},
}


@pytest.mark.parametrize("workload", LACKING)
def test_a_container_has_no_program_that_its_official_image_lacks(
    workload: str, dev_stack: Deployment, kubeconfig: Path
) -> None:
    kubectl = Kubectl(kubeconfig, dev_stack.namespace)
    found = {*kubectl("exec", workload, "--", "ls", "/usr/bin", "/usr/sbin").split()}
    assert {"ls", "sh"} <= found
    assert found & LACKING[workload] == set()
