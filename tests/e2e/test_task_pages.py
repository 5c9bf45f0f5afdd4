"""What the pages of docs/ tell people to type, typed in a checkout whose dev stack is the one of these tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image
from pycocotools.coco import COCO

from local.engine import merge
from local.tools.build import tool
from tests.e2e.certificates import issue
from tests.e2e.deployment import Deployment
from tests.pages import PROJECT, Block, blocks

SECONDS = 600
PROJECT_NAME = "cats-and-dogs"


def commands(page: str) -> list[Block]:
    return [block for block in blocks("console", page=page) if not block.needs]


# These pages build on one another or change data, and have tests of their own below.
WITH_TESTS = {"quickstart", "predictions", "export", "backup"}
OTHERS = sorted({block.page for block in blocks("console") if not block.needs} - WITH_TESTS)


@dataclass(frozen=True)
class Checkout:
    """A folder with the project, and the environment of a person who works in it."""

    folder: Path
    environment: dict[str, str]
    namespace: str

    def type(self, text: str) -> str:
        """Run commands as a shell would; AssertionError with what they printed where one fails."""
        script = text.replace("--namespace label-studio ", f"--namespace {self.namespace} ")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"pulumi stack select dev\n{script}"],
            cwd=self.folder,
            env=self.environment,
            input="a secret",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout[-5000:]}"
        return done.stdout

    def declare(self, settings: str) -> None:
        """Write settings of a page into the stack file."""
        file = self.folder / "Pulumi.dev.yaml"
        file.write_text(yaml.safe_dump(merge(yaml.safe_load(file.read_text()), {"config": yaml.safe_load(settings)})))


@pytest.fixture
def checkout(dev_stack: Deployment, tmp_path: Path) -> Checkout:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, target)
        target.chmod((PROJECT / name).stat().st_mode)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    engine = dev_stack.engine
    shutil.copyfile(engine.stack_file, tmp_path / "Pulumi.dev.yaml")
    issue("label-studio.example.com", tmp_path)
    return Checkout(
        tmp_path,
        {
            **engine.environment,
            "PATH": os.pathsep.join([str(tool("kubectl").parent), engine.environment["PATH"]]),
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            # The packages are there already, in a virtual environment that other tests use at this moment.
            "MAKEFLAGS": "--old-file=.venv/.installed",
            "CONTEXT": dev_stack.outputs["context"],
            "STACK": "dev",
        },
        dev_stack.namespace,
    )


@pytest.mark.parametrize("page", OTHERS)
def test_the_commands_of_a_page_work(page: str, checkout: Checkout) -> None:
    for block in commands(page):
        checkout.type(block.text)


def test_with_a_cluster_make_up_is_plain_pulumi_up_under_the_policies(checkout: Checkout) -> None:
    file = checkout.folder / "Pulumi.dev.yaml"
    before = file.read_bytes()
    printed = checkout.type("unset PULUMI_SKIP_CONFIRMATIONS\nmake up YES=1 </dev/null")
    assert "Updating (dev)" in printed
    assert "✅ label-studio-policies" in printed
    assert file.read_bytes() == before


def test_a_cluster_has_a_stack_of_its_own(checkout: Checkout) -> None:
    before = (checkout.folder / "Pulumi.dev.yaml").read_bytes()
    own = checkout.folder / "Pulumi.label-studio-local.yaml"
    refused = checkout.type("! make preview CONTEXT=label-studio-local STACK=")
    assert f"must be another one than {checkout.namespace}, where the stack label-studio/dev lives" in refused
    own.write_text(own.read_text().replace(f"namespace: {checkout.namespace}\n", "namespace: another\n"))
    printed = checkout.type("make preview CONTEXT=label-studio-local STACK=")
    assert "There is no namespace another yet" in printed
    assert "Previewing update (label-studio-local)" in printed
    # What a first preview does not know yet is an advisory of the policies on the whole stack.
    assert "label-studio-policies" in printed
    assert "[mandatory]" not in printed
    assert "context: label-studio-local" in own.read_text()
    assert (checkout.folder / "Pulumi.dev.yaml").read_bytes() == before


# What migrations of a newer version leave: tables whose constraints keep others from being dropped, other columns.
UPGRADE = """
CREATE TABLE newer_state (task_id integer REFERENCES task (id), by_id integer REFERENCES htx_user);
ALTER TABLE project ADD COLUMN newer boolean NOT NULL DEFAULT false;
INSERT INTO django_migrations (app, name, applied) VALUES ('fsm', '0001_newer', now());
"""
LEFT = "SELECT count(*) FROM django_migrations WHERE name = '0001_newer' OR to_regclass('newer_state') IS NOT NULL"


def test_a_dump_brings_back_what_was_there_before_an_upgrade(checkout: Checkout, dev_stack: Deployment) -> None:
    dump, restore, start = commands("backup")
    with dev_stack.session() as session:
        number = session.create_project("Worth keeping")
        checkout.type(dump.text)
        session.request("DELETE", f"/api/projects/{number}/")
        assert "Worth keeping" not in session.projects()
    query(checkout, UPGRADE)
    checkout.type(restore.text)
    assert query(checkout, LEFT) == "0"
    checkout.type(start.text)
    with dev_stack.session() as session:
        assert "Worth keeping" in session.projects()


def query(checkout: Checkout, statements: str) -> str:
    """The last line of what the stack's database answers its superuser."""
    password = "export PGPASSWORD=$(cat /etc/postgresql-superuser/password)"
    psql = "psql --quiet --no-align --tuples-only --username postgres --dbname labelstudio -v ON_ERROR_STOP=1"
    command = f"kubectl --namespace label-studio exec --stdin label-studio-postgresql-0 -- sh -c '{password}; {psql}'"
    return (checkout.type(f"{command} <<'SQL'\n{statements}\nSQL").splitlines() or [""])[-1]


def test_the_quickstart_leads_from_images_to_exported_annotations(checkout: Checkout, dev_stack: Deployment) -> None:
    declaration, *_ = blocks("yaml", page="quickstart")
    checkout.declare(declaration.text)
    for name in ("one.png", "two.jpg"):
        (checkout.folder / "images").mkdir(exist_ok=True)
        Image.new("RGB", (320, 240), (190, 200, 60)).save(checkout.folder / "images" / name)
    [start] = commands("quickstart")
    checkout.type(start.text)
    with dev_stack.session() as session:
        number = session.projects()[PROJECT_NAME]
        tasks = session.request("GET", f"/api/tasks?project={number}&fields=all")["tasks"]
        assert {Path(task["storage_filename"]).name for task in tasks} == {"one.png", "two.jpg"}
        [lines] = blocks("json", page="predictions")
        (checkout.folder / "predictions.jsonl").write_text(lines.text)
        [predict] = commands("predictions")
        assert "2 predictions were imported; 0 were there already" in checkout.type(predict.text)
        [first] = session.request("GET", f"/api/predictions?project={number}&task={tasks[0]['id']}")
        assert (first["model_version"], first["score"]) in {("2026-11-27", 0.9), ("2026-11-27", 0.4)}
        for task in tasks:
            session.request("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": [BOX]})
    export, download = commands("export")
    checkout.type(export.text)
    [coco] = (checkout.folder / "exports" / PROJECT_NAME / "COCO").rglob("*.json")
    assert len(yaml.safe_load(coco.read_text())["annotations"]) == 2
    checkout.type(download.text)
    for image in COCO(str(checkout.folder / "training" / "result.json")).imgs.values():
        original = checkout.folder / "images" / image["file_name"]
        assert (checkout.folder / "training" / "images" / image["file_name"]).read_bytes() == original.read_bytes()


BOX = {
    "from_name": "animal",
    "to_name": "image",
    "type": "rectanglelabels",
    "original_width": 320,
    "original_height": 240,
    "value": {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]},
}
