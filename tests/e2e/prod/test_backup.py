"""What people labelled comes back from the backup alone: base backup and write-ahead log, up to a moment.

A project and its annotation are newer than the base backup; another project is newer than the moment to restore.
"""

from __future__ import annotations

import datetime
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.settings.images import NEWEST
from local.cluster.api import Api, has_condition, wait
from local.engine import Engine
from local.tools.build import tool
from tests.e2e.certificates import Certificate
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session
from tests.e2e.prod.backup_store import BackupStore
from tests.e2e.prod.conftest import SMALL, logged_in
from tests.e2e.rotations import PAGE, WORKER, Doors, Values, secret, started_pods
from tests.engine.kubectl import Kubectl

PORT = 30083
LABELLING = """
<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
</View>
"""
RESULT = [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["good"]}}]
DATABASE = OWNER_ROLE = "labelstudio"
OWNER = "label-studio-postgresql-owner"
CLUSTERS, BACKUPS = ("clusters", "postgresql.cnpg.io/v1"), ("backups", "postgresql.cnpg.io/v1")


def database(deployment: Deployment) -> dict[str, Any]:
    [cluster] = deployment.objects(*CLUSTERS)
    return cluster


def volumes(deployment: Deployment) -> set[str]:
    return {claim["metadata"]["uid"] for claim in deployment.objects("persistentvolumeclaims")}


def is_well(deployment: Deployment) -> bool:
    return bool(database(deployment)["status"]["phase"] == "Cluster in healthy state")


def query(deployment: Deployment, statement: str, name: str = "postgres") -> str:
    """Ask a database of the primary as its superuser."""
    primary = database(deployment)["status"]["currentPrimary"]
    place = ["--kubeconfig", str(deployment.engine.kubeconfig), "--namespace", deployment.namespace]
    return kubectl(*place, "exec", primary, "--container", "postgres", "--", "psql", "-AtXc", statement, name)


def kubectl(*arguments: str) -> str:
    finished = subprocess.run([tool("kubectl"), *arguments], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def backup_is_complete(deployment: Deployment) -> bool:
    phases = {each.get("status", {}).get("phase") for each in deployment.objects(*BACKUPS)}
    assert "failed" not in phases, deployment.objects(*BACKUPS)
    return "completed" in phases


def is_archived(deployment: Deployment, segment: str) -> bool:
    return query(deployment, f"SELECT last_archived_wal >= '{segment}' FROM pg_stat_archiver") == "t"


@pytest.fixture(scope="module")
def moment(prod_stack: Deployment, certificate: Certificate) -> str:
    """Label something, note the moment, label on, and wait until all of it is in the archive."""
    wait("the base backup to be complete", partial(backup_is_complete, prod_stack), 120)
    with logged_in(prod_stack, certificate) as session:
        project = session.create_project("Before", LABELLING)
        session.request("POST", f"/api/projects/{project}/import", json=[{"text": "fine weather"}])
        [task] = session.request("GET", f"/api/tasks?project={project}")["tasks"]
        session.request("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": RESULT})
        time.sleep(1)
        moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        time.sleep(1)
        session.create_project("After", LABELLING)
    segment = query(prod_stack, "SELECT pg_walfile_name(pg_switch_wal())")
    wait(f"{segment} to be archived", partial(is_archived, prod_stack, segment), 60)
    return moment


def postgresql(backups: BackupStore, restore: dict[str, Any] | None) -> dict[str, Any]:
    """A small cluster, which writes a backup of its own beside the one that it begins with."""
    small = {"backend": "cnpg", "instances": 1, "storage": {"size": "1Gi"}, "resources": {**SMALL, "memory": "512Mi"}}
    return {**small, "backup": {**backups.settings, "serverName": "restored"}, "restore": restore}


def settings(backups: BackupStore, restore: dict[str, Any] | None, generation: int = 2) -> dict[str, Any]:
    """The backup is of a stack that was never rotated, and the restored one was."""
    return {
        "label-studio:rotate": {"databaseOwner": generation},
        "label-studio:cluster": {"namespace": "e2e-restored"},
        "label-studio:postgresql": postgresql(backups, restore),
        "label-studio:labelStudio": {"url": f"http://127.0.0.1:{PORT}", "service": {"nodePort": PORT}},
    }


@pytest.fixture(scope="module")
def restored_stack(
    kubeconfig: Path, api: Api, backups: BackupStore, moment: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A stack with a state of its own, in another namespace, that begins with the backup."""
    restore = {**backups.settings, "targetTime": moment}
    engine = Engine(tmp_path_factory.mktemp("restored"), "dev", kubeconfig, settings=settings(backups, restore))
    engine.create()
    backups.supply(engine)
    deployment = Deployment(engine, "e2e-restored", api)
    try:
        deployment.run("up")
        deployment.read_outputs()
        yield deployment
    finally:
        deployment.remove()


def test_base_backups_and_the_log_are_archived(prod_stack: Deployment, moment: str) -> None:
    cluster = database(prod_stack)
    assert has_condition(cluster, "LastBackupSucceeded") and has_condition(cluster, "ContinuousArchiving")


def test_the_account_of_the_backup_sees_what_there_was_at_the_moment(
    prod_stack: Deployment, restored_stack: Deployment
) -> None:
    with Session(str(restored_stack.outputs["url"])) as session:
        answer = session.log_in(prod_stack.outputs["administrator"], prod_stack.password)
        assert answer.status_code == httpx.codes.FOUND, answer.text[:2000]
        projects = session.request("GET", "/api/projects/")["results"]
        assert [project["title"] for project in projects] == ["Before"]
        [task] = session.request("GET", f"/api/tasks?project={projects[0]['id']}&fields=all")["tasks"]
        assert task["data"] == {"text": "fine weather"}
        [annotation] = session.request("GET", f"/api/tasks/{task['id']}/annotations/")
        assert annotation["result"][0]["value"] == {"choices": ["good"]}


def test_the_generated_password_of_a_restored_stack_opens_nothing(restored_stack: Deployment) -> None:
    with Session(str(restored_stack.outputs["url"])) as session:
        answer = session.log_in(restored_stack.outputs["administrator"], restored_stack.password)
        assert answer.status_code == httpx.codes.OK, "the form again"


def test_a_restored_database_is_backed_up_in_turn(restored_stack: Deployment) -> None:
    wait("the base backup of the restored database", partial(backup_is_complete, restored_stack), 120)
    assert has_condition(database(restored_stack), "ContinuousArchiving")


def test_a_version_of_label_studio_that_comes_to_data_waited_for_a_base_backup(restored_stack: Deployment) -> None:
    [before] = [each for each in restored_stack.objects(*BACKUPS) if "-before-" in each["metadata"]["name"]]
    assert before["metadata"]["name"].startswith(f"label-studio-postgresql-before-{NEWEST}-")
    assert before["status"]["phase"] == "completed"


def test_a_first_deployment_waits_for_none(prod_stack: Deployment) -> None:
    assert not [each for each in prod_stack.objects(*BACKUPS) if "-before-" in each["metadata"]["name"]]


def opens(deployment: Deployment, values: Values) -> bool:
    """Whether the server lets somebody in with the values of a Secret."""
    return Doors(deployment, Kubectl(deployment.engine.kubeconfig, deployment.namespace)).cnpg(values)


def test_a_restored_database_has_the_role_of_the_generation_and_no_former_one(restored_stack: Deployment) -> None:
    assert restored_stack.outputs["postgresql"]["user"] == f"{OWNER_ROLE}_2"
    assert opens(restored_stack, secret(restored_stack, f"{OWNER}-2"))
    assert not opens(restored_stack, secret(restored_stack, OWNER))
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert query(restored_stack, owners, DATABASE) == OWNER_ROLE


def test_what_was_restored_stays_when_the_settings_forget_it(restored_stack: Deployment, backups: BackupStore) -> None:
    """Its servers restart, for they no longer mount the certificate of where they were restored from."""
    before = database(restored_stack)["metadata"]["uid"], volumes(restored_stack)
    restored_stack.change(settings(backups, None))
    restored_stack.run("up")
    wait("the restored database to be well", lambda: is_well(restored_stack), 120)
    assert (database(restored_stack)["metadata"]["uid"], volumes(restored_stack)) == before
    spec = database(restored_stack)["spec"]
    assert spec["bootstrap"].keys() == {"initdb"} and "externalClusters" not in spec
    assert query(restored_stack, "SELECT title FROM project", DATABASE) == "Before"


def test_the_owner_of_the_database_gets_another_password(
    prod_stack: Deployment, restored_stack: Deployment, backups: BackupStore
) -> None:
    former = secret(restored_stack, f"{OWNER}-2")
    restored_stack.change(settings(backups, None, generation=3))
    with started_pods(restored_stack) as started:
        restored_stack.run("up")
    restored_stack.read_outputs()
    # The server may still be restarting for the test before.
    assert (started[PAGE], started[WORKER]) == (1, 1)
    assert restored_stack.outputs["postgresql"]["passwordSecret"]["name"] == OWNER
    assert opens(restored_stack, secret(restored_stack, OWNER))
    assert not opens(restored_stack, former)
    with Session(str(restored_stack.outputs["url"])) as session:
        answer = session.log_in(prod_stack.outputs["administrator"], prod_stack.password)
        assert answer.status_code == httpx.codes.FOUND, answer.text[:2000]
