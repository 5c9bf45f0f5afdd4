"""Servers that one project has for itself, in a namespace of their own: a store, a model server, a receiver."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drills.drill import Subject
from drills.faults import listed
from local.cluster.api import Api, Object, has_condition, wait
from tests.e2e.label_studio import IMAGE_CLASSIFICATION, Session

NAMESPACE = NAME = "drills-outside"
STORE, MODEL, RECEIVER = 9001, 9002, 9003
# People who open tasks of the project with a model.
PEOPLE = 6
SERVER = Path(__file__).with_name("outside_server.py")


def pods(api: Api) -> list[Object]:
    """The one pod that serves all three."""
    return listed(api, NAMESPACE, f"app={NAME}")


def address(port: int) -> str:
    """The URL of one of them in the cluster."""
    return f"http://{NAME}.{NAMESPACE}.svc.cluster.local:{port}"


def make(subject: Subject) -> None:
    """Make them and wait for them, unless they are there."""
    api = subject.deployment.api
    container = subject.page.pods()[0]["spec"]["containers"][0]
    command = ["python3", "-c", SERVER.read_text(), *map(str, (STORE, MODEL, RECEIVER))]
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": {"app": NAME}}
    probe = {"tcpSocket": {"port": RECEIVER}, "periodSeconds": 1}
    spec = {"containers": [{"name": NAME, "image": container["image"], "command": command, "readinessProbe": probe}]}
    ports = [{"name": f"p{port}", "port": port} for port in (STORE, MODEL, RECEIVER)]
    api.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": {"app": NAME}, "ports": ports},
            },
        ]
    )
    wait("the servers outside", lambda: all(has_condition(pod, "Ready") for pod in pods(api)), 120)
    # Until the Service leads to them.
    time.sleep(3)


def remove(api: Api) -> None:
    """Take them away, if they are there."""
    api.delete([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])


@contextmanager
def images(subject: Subject, session: Session) -> Iterator[str]:
    """A project with an image in a store that the page passes on; the address of the image on the page."""
    make(subject)
    project = session.create_project("Outside", IMAGE_CLASSIFICATION)
    storage = {
        "project": project,
        "bucket": NAME,
        "region_name": "us-east-1",
        "s3_endpoint": address(STORE),
        "aws_access_key_id": "drill",
        "aws_secret_access_key": "drill",
        "use_blob_urls": True,
        "presign": False,
    }
    session.request("POST", "/api/storages/s3", json=storage)
    session.request("POST", f"/api/projects/{project}/import", json=[{"image": f"s3://{NAME}/pixel.png"}])
    try:
        yield str(session.request("GET", f"/api/tasks?project={project}")["tasks"][0]["data"]["image"])
    finally:
        session.request("DELETE", f"/api/projects/{project}/")


@contextmanager
def model(subject: Subject, session: Session) -> Iterator[list[str]]:
    """The model server, asked for each task of the project that the load annotates; some of them."""
    make(subject)
    project = subject.target.project(session)
    made = session.request("POST", "/api/ml", json={"project": project, "url": address(MODEL), "title": "Drill"})
    asked: dict[str, Any] = {"evaluate_predictions_automatically": True}
    session.request("PATCH", f"/api/projects/{project}", json=asked)
    try:
        yield [f"/api/tasks/{each}" for each in subject.target.tasks[:PEOPLE]]
    finally:
        session.request("PATCH", f"/api/projects/{project}", json=dict.fromkeys(asked, False))
        session.request("DELETE", f"/api/ml/{made['id']}")


@contextmanager
def webhook(subject: Subject, session: Session) -> Iterator[list[str]]:
    """The receiver, told of each annotation of the load; nobody asks for anything else."""
    make(subject)
    project = subject.target.project(session)
    hook = {"url": f"{address(RECEIVER)}/hook", "project": project, "send_for_all_actions": True}
    made = session.request("POST", f"/api/webhooks/?project={project}", json=hook)
    try:
        yield []
    finally:
        session.request("DELETE", f"/api/webhooks/{made['id']}/")
