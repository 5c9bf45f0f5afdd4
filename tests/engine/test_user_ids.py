"""Pods under a user that the cluster chose, on an API server with the rules of OpenShift's restricted-v2 for ids.

A real one also gives such a user to pods that name none; here the setting does, so that they run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.stack.settings import PROJECT as KEYS
from policies.checks.dry_run import resources_of
from policies.checks.render import rendered
from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.kubectl import Kubectl, eventually
from tests.engine.program import PROJECT
from tests.engine.servers import source
from tests.unit.stack_files import stack_config

USER = 1000650000
RULES = "admissionregistration.k8s.io/v1"
REFUSAL = "not in the range of the namespace"
CONTAINERS = "(object.spec.containers + object.spec.?initContainers.orValue([]))"
POD_IDS = "['runAsUser', 'runAsGroup', 'fsGroup']"
IN_RANGE = f"!{{0}}.hasValue() || ({{0}}.value() >= {USER} && {{0}}.value() < {USER + 10000})"


@pytest.fixture
def assigned(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A namespace in which no pod names a user or group out of its range."""
    fields = [f"object.spec.?securityContext.?{field}" for field in ("runAsUser", "runAsGroup", "fsGroup")]
    of_containers = IN_RANGE.format("c.?securityContext.?runAsUser")
    rules = [*(IN_RANGE.format(each) for each in fields), f"{CONTAINERS}.all(c, {of_containers})"]
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "matchConstraints": {"namespaceSelector": here, "resourceRules": [pods]},
        "validations": [{"expression": rule, "message": REFUSAL} for rule in rules],
    }
    about = {"name": namespace}
    cluster.create(
        {"apiVersion": RULES, "kind": "ValidatingAdmissionPolicy", "metadata": about, "spec": spec},
    )
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    cluster.create(
        {"apiVersion": RULES, "kind": "ValidatingAdmissionPolicyBinding", "metadata": about, "spec": binding},
    )
    # The server obeys a new policy some seconds later; before that, nothing is refused.
    outside = {"name": "probe", "image": "unused", "securityContext": {"runAsUser": 1}}
    probe = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": namespace}}
    eventually(True, lambda: REFUSAL in cluster.would_create({**probe, "spec": {"containers": [outside]}}))
    yield namespace
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        cluster.delete(RULES, kind, "", namespace)


def refusals(cluster: Cluster, namespace: str, user: Any) -> dict[str, str]:
    """What the server says against each pod that the dev stack makes, if it were made now."""
    config = stack_config("dev")
    config[f"{KEYS}:cluster"]["runAsUser"] = user
    said = {}
    for resource in resources_of("dev", config):
        for each in [resource, *rendered(resource)]:
            template = each.props.get("spec", {}).get("template") if isinstance(each.props.get("spec"), dict) else None
            if template:
                spec = {
                    "securityContext": template["spec"]["securityContext"],
                    "restartPolicy": template["spec"].get("restartPolicy", "Always"),
                    "containers": [
                        {"name": item["name"], "image": "unused", "securityContext": item["securityContext"]}
                        for item in template["spec"]["containers"]
                    ],
                }
                about = {"name": each.name.rpartition("/")[2], "namespace": namespace}
                pod = {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}
                said[each.name] = cluster.would_create(pod)
    return said


def test_no_pod_is_refused_where_the_cluster_assigns_users(cluster: Cluster, assigned: str) -> None:
    said = refusals(cluster, assigned, None)
    assert len(said) >= 6 and set(said.values()) == {""}
    fixed = refusals(cluster, assigned, "image")
    assert fixed.keys() == said.keys() and all(REFUSAL in text for text in fixed.values())


@pytest.mark.usefixtures("server_images")
def test_servers_and_their_jobs_work_as_a_user_without_a_name(
    new_program: NewProgram, kubeconfig: Path, assigned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    new_program().up(source(USER))
    kubectl = Kubectl(kubeconfig, assigned)
    for pod in ("db-0", "queue-0", "store-0"):
        assert kubectl("exec", pod, "--", "sh", "-c", 'echo "$(id -u) $(id -g)"') == f"{USER} 0"
    environment = kubectl("exec", "db-0", "--", "cat", "/proc/1/environ")
    assert "PGDATA=" in environment and "POSTGRES_PASSWORD" not in environment
    # What the image's entrypoint sees to: others read nothing of the jobs.
    assert kubectl("exec", "queue-0", "--", "stat", "-c", "%a", "/data/appendonlydir") == "700"
