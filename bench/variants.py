"""Pods beside those that a stack serves, alike but for what is measured."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from local.cluster.api import Api, Object, wait

NAMESPACE = "label-studio"
RELEASE = "label-studio"
DEPLOYMENT = f"{RELEASE}-ls-app"
PATIENCE_SECONDS = 300


def served(api: Api, namespace: str = NAMESPACE) -> Object:
    """The page's Deployment."""
    return api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{DEPLOYMENT}")


def address_of_page(api: Api, deployment: Object) -> str:
    """The URL under which this machine reaches the page."""
    metadata = deployment["metadata"]
    service = api.get(f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}")
    return f"http://127.0.0.1:{service['spec']['ports'][0]['nodePort']}"


def variant(deployment: Object, name: str) -> Object:
    """The same pods of another Deployment; all their labels stay, or network policies would cut them off."""
    spec = copy.deepcopy(deployment["spec"])
    spec["template"]["metadata"]["labels"]["bench"] = name
    spec["selector"] = {"matchLabels": {"bench": name}}
    metadata = {"name": name, "namespace": deployment["metadata"]["namespace"]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def await_available(api: Api, deployment: Object) -> None:
    """Wait until its pod takes requests."""
    namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
    wait(f"{name} to be available", partial(api.available, namespace, name), PATIENCE_SECONDS)


def address(api: Api, deployment: Object) -> str:
    """The pod's own address: no Service chooses between it and others."""
    namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
    [pod] = api.get(f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"bench={name}")["items"]
    return f"http://{pod['status']['podIP']}:8085"


@contextmanager
def running(api: Api, *objects: Object) -> Iterator[None]:
    """Made for as long as the block lasts, Deployments available."""
    try:
        api.apply(objects)
        for each in objects:
            if each["kind"] == "Deployment":
                await_available(api, each)
        yield
    finally:
        api.delete(objects)
