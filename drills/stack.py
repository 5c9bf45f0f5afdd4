"""The stack of the drills: the committed dev stack in a namespace of its own."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from bench.page import LABELLING
from cli.cluster import Cluster
from cli.stack import Stack
from cli.store import Store, open_store
from drills import outside
from drills.drill import Subject
from drills.load import Target
from local.addons import barman, cnpg
from local.cluster.api import Api
from local.cluster.images import load
from local.engine import Engine, merge
from local.images.build import image
from local.images.catalog import REFERENCES
from local.paths import KUBECONFIG
from tests.e2e.certificates import issue
from tests.e2e.deployment import Deployment
from tests.e2e.prod.backup_store import BackupStore

NAMESPACE = "drills"
PORT = 30090
PROJECT = "drill"
TITLE = "Drill"
TASKS = 200
SETTINGS = {
    "label-studio:cluster": {"namespace": NAMESPACE},
    "label-studio:labelStudio": {
        "url": f"http://127.0.0.1:{PORT}",
        "service": {"nodePort": PORT},
        # Some drills have a store, a model and a receiver of their own (drills/outside.py).
        "outbound": "everywhere",
        "security": {"ssrfProtection": False, "blockLocalMlBackends": False},
    },
    "label-studio:projects": [
        {"name": PROJECT, "title": TITLE, "labelConfig": LABELLING, "target": {"canDeleteObjects": True}}
    ],
}
# What the stacks are that drills choose from, laid over these settings. Nothing backs up a database that lives for an
# hour.
STACKS: dict[str, dict[str, Any]] = {
    "dev": {},
    "cnpg": {"label-studio:postgresql": {"backend": "cnpg", "instances": 1, "upgradeBackup": "mine"}},
    # With backups, and one server that takes over from the other.
    "cnpg-former": {"label-studio:postgresql": {"backend": "cnpg", "instances": 2, "storage": {"size": "1Gi"}}},
    "oldest": {"label-studio:images": {"labelStudio": REFERENCES["label_studio_oldest"]}},
    "postgresql-15": {
        "label-studio:images": {"postgresql": REFERENCES["postgresql_15"]},
        "label-studio:postgresql": {"version": 15},
    },
}
# Images beside those that `make up` has imported.
IMAGES = {"oldest": "label_studio_oldest", "postgresql-15": "postgresql_15"}
# The operator that a stack needs, and whether its backups have a place.
OPERATORS = {"cnpg": cnpg.NEWEST, "cnpg-former": cnpg.FORMER}
BACKED_UP = {"cnpg-former"}
BACKUPS_NAMESPACE = "drills-backups"


@dataclass(frozen=True)
class Drilled:
    """The stack, and the project that the annotations of the load go to."""

    deployment: Deployment
    subject: Subject
    project: int

    def not_in_target(self, annotations: set[int], seconds: float) -> set[int]:
        """Those that are not in the bucket of the project's target within so many seconds."""
        until = time.monotonic() + seconds
        while (missing := annotations - self._in_target()) and time.monotonic() < until:
            time.sleep(5)
        return missing

    def _in_target(self) -> set[int]:
        with _target(self.deployment) as store:
            return {_number(name) for name in store.names()}


@contextmanager
def _target(deployment: Deployment) -> Iterator[Store]:
    stack = Stack.of(deployment.outputs)
    place = stack.project(PROJECT).export
    assert place is not None, "the project of the drills has a target"
    with open_store(Cluster(stack.context, stack.namespace), place) as store:
        yield store


def _number(name: str) -> int:
    """The annotation that an object is."""
    return int(PurePosixPath(name).stem)


def _exported(deployment: Deployment) -> dict[int, Any]:
    """The results of the annotations in the target's bucket."""
    with _target(deployment) as store:
        names = store.names()
        contents = store.read(names)
        return {_number(name): json.loads(content)["result"] for name, content in zip(names, contents, strict=True)}


@contextmanager
def drilled(name: str) -> Iterator[Drilled]:
    """One of the stacks, for as long as the block lasts."""
    if name in IMAGES:
        load([image(IMAGES[name])])
    with _operated(name), _backups(name) as backups, tempfile.TemporaryDirectory() as folder:
        settings = {**SETTINGS, **STACKS[name]}
        if backups:
            settings = merge(settings, {"label-studio:postgresql": {"backup": backups.settings}})
        engine = Engine(Path(folder), "dev", KUBECONFIG, settings=settings)
        deployment = Deployment(engine, NAMESPACE, Api())
        try:
            engine.create()
            if backups:
                backups.supply(engine)
            deployment.run("up")
            deployment.read_outputs()
            yield _with_tasks(deployment)
        finally:
            outside.remove(deployment.api)
            deployment.remove()


@contextmanager
def _operated(name: str) -> Iterator[None]:
    """The operator of the stack, if it has one, with its plugin where there are backups; a drill may upgrade both."""
    release = OPERATORS.get(name)
    if release is None:
        yield
        return
    try:
        cnpg.install(release)
        if name in BACKED_UP:
            barman.install(release)
        yield
    finally:
        for each in dict.fromkeys([cnpg.NEWEST, release]):
            if name in BACKED_UP:
                barman.remove(each)
            cnpg.remove(each)


@contextmanager
def _backups(name: str) -> Iterator[BackupStore | None]:
    """The place of the stack's backups, if it has one."""
    if name not in BACKED_UP:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        store = BackupStore(Api(), BACKUPS_NAMESPACE, issue(BackupStore.host(BACKUPS_NAMESPACE), Path(folder)))
        try:
            store.create()
            yield store
        finally:
            store.remove()


def _with_tasks(deployment: Deployment) -> Drilled:
    with deployment.session() as session:
        project = session.projects()[TITLE]
        tasks = [{"text": f"a cat and {number} dogs"} for number in range(TASKS)]
        session.request("POST", f"/api/projects/{project}/import", json=tasks)
        found = session.request("GET", f"/api/tasks?project={project}&page_size={TASKS}")["tasks"]
        uploads = session.create_project("Uploads", LABELLING)
    numbers = [int(task["id"]) for task in found]
    outputs = deployment.outputs
    target = Target(str(outputs["url"]), str(outputs["administrator"]), lambda: deployment.password, numbers, uploads)
    return Drilled(deployment, Subject(deployment, target, partial(_exported, deployment)), project)
