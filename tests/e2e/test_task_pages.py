"""What the pages of docs/ tell people to type, typed in a checkout whose dev stack is the one of these tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from local.engine import merge
from local.paths import CACHE
from tests.contract.label_studio import installed
from tests.e2e.certificates import issue
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session
from tests.e2e.typed import SECONDS, environment, type_commands
from tests.pages import PROJECT, Block, blocks

PROJECT_NAME = "cats-and-dogs"
PROJECTS = "label-studio:projects"
IMAGES = {"one.png": (190, 200, 60), "two.jpg": (60, 190, 200)}
READERS = PROJECT / "tests" / "contract" / "readers" / "requirements.txt"


def commands(page: str) -> list[Block]:
    return [block for block in blocks("console", page=page) if not block.needs]


# These pages build on one another or change data, and have tests of their own below.
WITH_TESTS = {"quickstart", "predictions", "export", "backup", "training"}
OTHERS = sorted({block.page for block in blocks("console") if not block.needs} - WITH_TESTS)


@dataclass(frozen=True)
class Checkout:
    """A folder with the project, and the environment of a person who works in it."""

    folder: Path
    environment: dict[str, str]
    namespace: str

    def type(self, text: str) -> str:
        """Run commands as a shell would; AssertionError with what they printed where one fails."""
        return type_commands(f"pulumi stack select dev\n{text}", self.folder, self.environment, self.namespace)

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
            **environment(engine),
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


def test_the_quickstart_leads_from_an_empty_bucket_to_a_training_set(checkout: Checkout, dev_stack: Deployment) -> None:
    declaration, table, *_ = blocks("yaml", page="quickstart")
    projects = [project for block in (declaration, table) for project in yaml.safe_load(block.text)[PROJECTS]]
    checkout.declare(yaml.safe_dump({PROJECTS: projects}))
    for folder in ("images", "pairs/images"):
        (checkout.folder / folder).mkdir(parents=True)
        for name, colour in IMAGES.items():
            Image.new("RGB", (320, 240), colour).save(checkout.folder / folder / name)
    start, download, upload_table = commands("quickstart")
    checkout.type(start.text)
    with dev_stack.session() as session:
        number = session.projects()[PROJECT_NAME]
        tasks = session.request("GET", f"/api/tasks?project={number}&fields=all")["tasks"]
        assert {Path(task["storage_filename"]).name for task in tasks} == {*IMAGES}
        [lines] = blocks("json", page="predictions")
        (checkout.folder / "predictions.jsonl").write_text(lines.text)
        [predict] = commands("predictions")
        assert "2 predictions were imported; 0 were there already" in checkout.type(predict.text)
        [first] = session.request("GET", f"/api/predictions?project={number}&task={tasks[0]['id']}")
        assert (first["model_version"], first["score"]) in {("2026-11-27", 0.9), ("2026-11-27", 0.4)}
        for task in tasks:
            session.request("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": [BOX]})
    export, same = commands("export")
    checkout.type(export.text)
    [coco] = (checkout.folder / "exports" / PROJECT_NAME / "COCO").rglob("*.json")
    assert len(yaml.safe_load(coco.read_text())["annotations"]) == 2
    assert same.text == download.text
    checkout.type(download.text)
    training = checkout.folder / "training" / "images"
    assert {*run_program("quickstart", checkout)} == {
        f"{training / name} (240, 320, 3) ['cat'] {CORNERS}" for name in IMAGES
    }
    for name in IMAGES:
        assert (training / name).read_bytes() == (checkout.folder / "images" / name).read_bytes()
    assert_a_table_becomes_tasks(checkout, dev_stack, upload_table)


def run_program(page: str, checkout: Checkout) -> list[str]:
    """The lines that the program of a page prints, beside what the commands before it left."""
    [program] = blocks("python", page=page)
    python = installed(READERS, CACHE / "readers")
    done = subprocess.run(
        [python, "-c", program.text], cwd=checkout.folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_model_that_learned_from_people_labels_in_advance(checkout: Checkout, dev_stack: Deployment) -> None:
    """A photo is brighter by day; the ones between are those of which the model is not sure."""
    [declaration] = blocks("yaml", page="training")
    checkout.declare(declaration.text)
    (checkout.folder / "photos" / "more").mkdir(parents=True)
    brightness = {f"{value:03}.jpg": value for value in (35, 65, 95, 110, 145, 160, 190, 220)}
    brightness |= {"more/005.jpg": 5, "more/250.jpg": 250}
    for name, value in brightness.items():
        Image.new("RGB", (64, 48), (value, value, value)).save(checkout.folder / "photos" / name)
    start, download, predict = commands("training")
    checkout.type(start.text)
    with dev_stack.session() as session:
        number = session.projects()["photos"]
        for labelled in (["more/005.jpg", "more/250.jpg"], ["095.jpg", "160.jpg"]):
            for name in labelled:
                label(session, number, name, "day" if brightness[name] > 128 else "night")
            checkout.type(download.text)
            run_program("training", checkout)
            assert "10 predictions were imported; 0 were there already" in checkout.type(predict.text)
        versions = ["trained with 2 photos", "trained with 4 photos"]
        for task in tasks_of(session, number):
            told = session.request("GET", f"/api/predictions?project={number}&task={task['id']}")
            assert sorted(each["model_version"] for each in told) == versions
            expected = "day" if brightness[task["storage_filename"].partition("/input/")[2]] > 128 else "night"
            newest = next(each for each in told if each["model_version"] == versions[-1])
            assert newest["result"][0]["value"]["choices"] == [expected]
        unsure = [Path(task["storage_filename"]).stem for task in tasks_of(session, number, "tasks:predictions_score")]
        assert ({*unsure[:2]}, {*unsure[-2:]}) == ({"110", "145"}, {"005", "250"}), "the least sure ones first"


def tasks_of(session: Session, project: int, ordering: str | None = None) -> list[dict[str, Any]]:
    """Tasks of a project, as a tab of the Data Manager orders them."""
    data = {"ordering": [ordering] if ordering else []}
    view = session.request("POST", "/api/dm/views/", json={"project": project, "data": data})["id"]
    tasks: list[dict[str, Any]] = session.request("GET", f"/api/tasks?view={view}&fields=all&page_size=100")["tasks"]
    return tasks


def label(session: Session, project: int, name: str, choice: str) -> None:
    """What somebody chooses for a file."""
    [task] = [it for it in tasks_of(session, project) if it["storage_filename"].endswith(f"/input/{name}")]
    result = {"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": [choice]}}
    session.request("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": [result]})


def assert_a_table_becomes_tasks(checkout: Checkout, dev_stack: Deployment, upload: Block) -> None:
    """Each row once, with an image that the page can show."""
    [table] = blocks("csv", page="quickstart")
    (checkout.folder / "pairs" / "tasks.csv").write_text(table.text)
    assert "2 files and 2 tasks were uploaded" in checkout.type(upload.text)
    with dev_stack.session() as session:
        number = session.projects()["captions"]
        tasks = session.request("GET", f"/api/tasks?project={number}&fields=all")["tasks"]
        shown = [session.request("GET", f"/api/tasks/{task['id']}/")["data"] for task in tasks]
        images = {it["caption"]: session.http.get(it["image"]).content for it in shown}
    folder = checkout.folder / "pairs" / "images"
    assert images == {
        "A cat on a sofa": (folder / "one.png").read_bytes(),
        "A dog, asleep": (folder / "two.jpg").read_bytes(),
    }


CORNERS = [[32.0, 24.0, 192.0, 144.0]]
BOX = {
    "from_name": "animal",
    "to_name": "image",
    "type": "rectanglelabels",
    "original_width": 320,
    "original_height": 240,
    "value": {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]},
}
