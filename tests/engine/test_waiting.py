"""What keeps objects of a stack waiting is told within a minute, by object and with what to type."""

from __future__ import annotations

import http
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from scripts.waiting.reasons import Observer
from scripts.waiting.watch import Watcher
from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.kubectl import SHELL, eventually

RULES = "admissionregistration.k8s.io/v1"
# Seconds that the provider waits here; a stack's own objects have minutes.
PROVIDER = 20
SOURCE = f"""
def pod(name, image="{SHELL}", script="sleep 600", **more):
    resources = {{"requests": {{"cpu": "20m", "memory": "16Mi"}}, "limits": {{"cpu": "200m", "memory": "16Mi"}}}}
    container = {{"name": "main", "image": image, "command": ["/bin/busybox", "sh", "-c", f"/bin/busybox {{script}}"],
                 "resources": resources}}
    return {{"containers": [container], "termination_grace_period_seconds": 0, **more}}

def about(name, where):
    return {{"name": name, "namespace": f"{{namespace}}-{{where}}", "labels": {{"app": name}}}}

def server(kind, where, name, storage_class=None, **more):
    claim = {{"access_modes": ["ReadWriteOnce"], "storage_class_name": storage_class,
             "resources": {{"requests": {{"storage": "1Mi"}}}}}}
    spec = {{"replicas": 1, "selector": {{"match_labels": {{"app": name}}}},
            "template": {{"metadata": {{"labels": {{"app": name}}}}, "spec": pod(name, **more)}}}}
    if kind is k8s.apps.v1.StatefulSet:
        spec["service_name"] = name
    if storage_class:
        spec["volume_claim_templates"] = [{{"metadata": {{"name": "data"}}, "spec": claim}}]
    kind(f"{{where}}-{{name}}", metadata=about(name, where), spec=spec, opts=waiting)

def job(where, name):
    kind = k8s.batch.v1.Job
    kind(f"{{where}}-{{name}}", metadata=about(name, where), opts=waiting, spec={{
        "template": {{"metadata": {{"labels": {{"app": name}}}}, "spec": pod(name, restart_policy="Never")}}}})

waiting = pulumi.ResourceOptions(provider=cluster, custom_timeouts=pulumi.CustomTimeouts(create="{PROVIDER}s"))
server(k8s.apps.v1.StatefulSet, "quota", "label-studio-postgresql")
job("quota", "label-studio-postgresql-setup")
server(k8s.apps.v1.StatefulSet, "limit", "label-studio-redis")
server(k8s.apps.v1.Deployment, "policy", "label-studio-ls-worker")
server(k8s.apps.v1.StatefulSet, "webhook", "label-studio-store")
server(k8s.apps.v1.StatefulSet, "class", "label-studio-store", storage_class="fast-ssd")
server(k8s.apps.v1.StatefulSet, "image", "label-studio-redis", image="registry.invalid/nothing:1")
server(k8s.apps.v1.Deployment, "node", "label-studio-ls-app", node_selector={{"kubernetes.io/hostname": "nowhere"}})
server(k8s.apps.v1.Deployment, "crash", "label-studio-ls-app", script="echo 'FATAL: password=hunter2 is wrong'; exit 3")
"""
EXPECTED = {
    "quota": [
        "StatefulSet label-studio-postgresql cannot create its pod: ",
        "exceeded quota: small, requested: requests.memory=16Mi, used: requests.memory=0, limited: requests.memory=8Mi",
        "edit resourcequota small; or lower postgresql.resources.",
        "Job label-studio-postgresql-setup cannot create its pod: ",
    ],
    "limit": [
        "StatefulSet label-studio-redis cannot create its pod: ",
        "maximum cpu usage per Container is 100m, but limit is 200m",
        "Write redis.resources within the limits of: kubectl ",
    ],
    "policy": [
        "ReplicaSet label-studio-ls-worker-",
        "denied request: no pods here",
        "kubectl --context here get validatingadmissionpolicy ",
    ],
    "webhook": [
        "StatefulSet label-studio-store cannot create its pod: ",
        'failed calling webhook "refusals.example.com"',
        "kubectl --context here get validatingwebhookconfigurations",
    ],
    "class": [
        "PersistentVolumeClaim data-label-studio-store-0 is not bound: there is no StorageClass fast-ssd (the cluster",
        "Write an existing class into objectStore.storage.storageClass",
        "delete pvc data-label-studio-store-0 --wait=false && kubectl ",
        "delete statefulset label-studio-store",
    ],
    "image": [
        "Container main of pod label-studio-redis-0: image registry.invalid/nothing:1 cannot be pulled: ",
        "cluster.imagePullSecrets",
    ],
    "node": [
        "Pod label-studio-ls-app-",
        "1 node(s) didn't match Pod's node affinity/selector",
        "See labelStudio.scheduling",
    ],
    "crash": [
        "Container main of pod label-studio-ls-app-",
        "it ends again and again, with exit code 3: FATAL: password=*** is wrong. See kubectl ",
        "--container main --previous",
    ],
}


def namespaced(where: str, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "small", "namespace": where}, "spec": spec}


@pytest.fixture
def obstacles(cluster: Cluster, namespace: str) -> Iterator[dict[str, str]]:
    """A namespace for each situation."""
    places = {each: f"{namespace}-{each}" for each in EXPECTED}
    for place in places.values():
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})
    cluster.create(namespaced(places["quota"], "ResourceQuota", {"hard": {"requests.memory": "8Mi"}}))
    limit = {"type": "Container", "max": {"cpu": "100m"}}
    cluster.create(namespaced(places["limit"], "LimitRange", {"limits": [limit]}))
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    policy = {
        "matchConstraints": {"namespaceSelector": only(places["policy"]), "resourceRules": [pods]},
        "validations": [{"expression": "false", "message": "no pods here"}],
    }
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    # Nothing listens there: a webhook that is down refuses everything, as one does that says no.
    webhook = {
        "name": "refusals.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "namespaceSelector": only(places["webhook"]),
        "rules": [pods],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    everywhere: list[tuple[str, dict[str, Any]]] = [
        ("ValidatingAdmissionPolicy", {"spec": policy}),
        ("ValidatingAdmissionPolicyBinding", {"spec": binding}),
        ("ValidatingWebhookConfiguration", {"webhooks": [webhook]}),
    ]
    for kind, content in everywhere:
        cluster.create({"apiVersion": RULES, "kind": kind, "metadata": {"name": namespace}, **content})
    for situation, refusal in (("policy", "no pods here"), ("webhook", "failed calling webhook")):
        probe = {"name": "probe", "namespace": places[situation]}
        spec = {"containers": [{"name": "probe", "image": "unused"}]}
        item = {"apiVersion": "v1", "kind": "Pod", "metadata": probe, "spec": spec}
        # The server obeys a new rule some seconds later; before that, nothing is refused.
        eventually(True, partial(is_refused, cluster, item, refusal))
    yield places
    for kind, _ in reversed(everywhere):
        cluster.delete(RULES, kind, "", namespace)
    for place in places.values():
        cluster.delete("v1", "Namespace", "", place)


def is_refused(cluster: Cluster, item: dict[str, Any], words: str) -> bool:
    return words in cluster.would_create(item)


def only(namespace: str) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def test_each_situation_is_told_once_while_the_provider_waits_and_the_provider_ends(
    new_program: NewProgram, cluster: Cluster, obstacles: dict[str, str]
) -> None:
    told: dict[str, list[str]] = {each: [] for each in obstacles}

    def read(path: str) -> dict[str, Any]:
        return dict(cluster.client.request("get", path).to_dict())

    def text(path: str) -> str:
        client = cluster.client.client
        answer = client.call_api("GET", f"{client.configuration.host}{path}")
        return str(answer.read().decode()) if answer.status == http.HTTPStatus.OK else ""

    watchers = [
        (
            Watcher(told[each].append),
            Observer(read, place, f"kubectl --context here --namespace {place}", text=text),
        )
        for each, place in obstacles.items()
    ]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(2):
            for watcher, observer in watchers:
                watcher.look(observer)

    thread = threading.Thread(target=watch)
    thread.start()
    failed = new_program().up(SOURCE, "--continue-on-error", check=False)
    ended.set()
    thread.join()
    assert failed.status != 0
    for situation, parts in EXPECTED.items():
        said = "\n".join(told[situation])
        for part in parts:
            assert part in said, situation
        assert len(told[situation]) == len({*told[situation]}) <= len(parts) // 2 + 1, said
