"""What the provider waits for, and what it says of what does not come."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path

import yaml
from kubernetes.dynamic.exceptions import NotFoundError

from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram

_WORKLOADS = """
def pod(*command, **more):
    container = {"name": "main", "image": IMAGE, "command": ["sh", "-c", *command], **more}
    return {"restart_policy": "Never", "termination_grace_period_seconds": 0, "containers": [container]}

def workload(name, *command, **more):
    labels = {"app": name}
    spec = {**pod(*command, **more), "restart_policy": "Always"}
    return {"selector": {"match_labels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}

def named(name, seconds=60):
    return {"name": name, "annotations": {"pulumi.com/timeoutSeconds": str(seconds)}}
"""
_FAILING = """
k8s.apps.v1.Deployment("unready", metadata=named("unready", 8), spec=workload(
    "unready", "sleep 1000", readiness_probe={"exec": {"command": ["false"]}}), opts=on)
k8s.apps.v1.StatefulSet("no-image", metadata=named("no-image", 8), spec={
    **workload("no-image", "true", image="registry.invalid/nothing:1"), "service_name": "x"}, opts=on)
k8s.batch.v1.Job("job", metadata={**named("job", 40), "annotations": {
    "pulumi.com/timeoutSeconds": "40", "pulumi.com/replaceUnready": "true"}}, spec={
    "backoff_limit": 0, "template": {"spec": pod("echo no such bucket; echo $KEY >/dev/null; exit EXIT", env=[
        {"name": "KEY", "value": pulumi.Output.secret("correct-horse")}])}}, opts=on)
k8s.core.v1.PersistentVolumeClaim("claim", metadata=named("claim"), spec={
    "access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}, opts=on)
"""


def test_what_does_not_become_ready_is_kept_with_the_reason_and_a_failed_job_is_replaced(
    new_program: NewProgram, cluster: Cluster, namespace: str, shell_image: str
) -> None:
    program = new_program()
    source = _WORKLOADS.replace("IMAGE", repr(shell_image)) + _FAILING
    failed = program.up(source.replace("EXIT", "7"), "--continue-on-error", check=False)
    assert failed.status != 0
    assert "ErrImagePull" in failed.output or "ImagePullBackOff" in failed.output
    assert "correct-horse" not in failed.output
    state = program.state()
    assert {name for name, found in state.items() if found.get("initErrors")} == {"unready", "no-image", "job"}
    assert "claim" in state, "a claim for the first consumer is ready while it is pending"

    before = cluster.get("batch/v1", "Job", namespace, "job")["metadata"]["uid"]
    # Kubernetes itself never replaces a pod of a StatefulSet that cannot start (its documentation: "Forced rollback").
    right = source.replace("EXIT", "0").replace('["false"]', '["true"]').replace(", 8)", ", 120)")
    run = program.up(right.replace('"service_name": "x"', '"service_name": "x", "replicas": 0'))
    assert run.operations("job") == ["delete-replaced", "replace", "create-replacement"]
    assert cluster.get("batch/v1", "Job", namespace, "job")["metadata"]["uid"] != before
    assert {run.steps["unready"], run.steps["no-image"]} == {"update"}
    assert not any(found.get("initErrors") for found in program.state().values())
    program.destroy()


_DEFINITION = """
schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
k8s.apiextensions.v1.CustomResourceDefinition(
    "definition",
    metadata={"name": "things.GROUP"},
    spec={
        "group": "GROUP",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [{
            "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"open_apiv3_schema": schema},
        }],
    },
    opts=on,
)
"""
_THING = """
k8s.apiextensions.CustomResource(
    "thing",
    api_version="GROUP/v1",
    kind="Thing",
    metadata={"name": "thing", "annotations": {
        "pulumi.com/waitFor": json.dumps(["condition=Ready", "jsonpath={.status.phase}=healthy"]),
        "pulumi.com/timeoutSeconds": "60",
    }},
    spec={"size": "1"},
    opts=on,
)
"""


def test_a_custom_resource_waits_for_what_its_annotation_says(
    new_program: NewProgram, cluster: Cluster, namespace: str
) -> None:
    group = f"{namespace}.example.com"
    program = new_program()
    unknown = program.up(_THING.replace("GROUP", group), check=False)
    assert unknown.status != 0
    assert f"{group}/v1" in unknown.output
    program.up(_DEFINITION.replace("GROUP", group))
    reports: list[float] = []
    reporter = threading.Thread(target=_report, args=(cluster, f"{group}/v1", namespace, reports))
    reporter.start()
    program.up((_DEFINITION + _THING).replace("GROUP", group))
    ready = time.monotonic()
    reporter.join()
    assert len(reports) == 3
    assert ready > reports[-1], "not before the last of the two conditions held"
    program.destroy()


def _report(cluster: Cluster, version: str, namespace: str, reports: list[float]) -> None:
    """What a controller would write, bit by bit."""
    for _ in range(300):
        with contextlib.suppress(NotFoundError):
            cluster.get(version, "Thing", namespace, "thing")
            break
        time.sleep(0.2)
    ready = {"type": "Ready", "status": "True"}
    for status in (
        {"conditions": [{**ready, "status": "False"}], "phase": "healthy"},
        {"conditions": [ready], "phase": "starting"},
        {"conditions": [ready], "phase": "healthy"},
    ):
        time.sleep(1)
        cluster.report(version, "Thing", namespace, "thing", status)
        reports.append(time.monotonic())


def test_an_unreachable_cluster_fails_and_deletes_nothing(
    new_program: NewProgram, kubeconfig: Path, tmp_path: Path
) -> None:
    program = new_program()
    source = 'k8s.core.v1.ConfigMap("kept", metadata={"name": "kept"}, data={"a": "1"}, opts=on)'
    program.up(source)
    program.provider = {"cluster_identifier": "the same one"}
    program.up(source)
    reachable = program.kubeconfig
    broken = yaml.safe_load(kubeconfig.read_text())
    for cluster in broken["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:1"
    program.kubeconfig = tmp_path / "unreachable"
    program.kubeconfig.write_text(json.dumps(broken))
    failed = program.up(source.replace('"1"', '"2"'), check=False)
    assert failed.status != 0
    assert "kept" in program.state()
    program.kubeconfig = reachable
    assert program.up(source).steps["kept"] == "same"
    program.destroy()


def test_another_manager_s_field_is_a_conflict(new_program: NewProgram, cluster: Cluster, namespace: str) -> None:
    program = new_program()
    source = 'k8s.core.v1.ConfigMap("shared", metadata={"name": "shared"}, data=DATA, opts=on)'
    provider = {"enable_config_map_mutable": True}
    program.provider = provider
    program.up(source.replace("DATA", '{"ours": "1"}'))
    metadata = {"name": "shared", "namespace": namespace}
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"theirs": "1"}}
    cluster.merge(theirs, manager="someone-else")
    failed = program.up(source.replace("DATA", '{"ours": "1", "theirs": "2"}'), check=False)
    assert failed.status != 0
    assert "someone-else" in failed.output
    assert cluster.get("v1", "ConfigMap", namespace, "shared")["data"] == {"ours": "1", "theirs": "1"}
    program.destroy()
