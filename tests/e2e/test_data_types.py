"""Every type of data, from files in a folder to formats that programs read: the projects of docs/data-types.md.

`make test` has two of them, and `make test-data` all; DATA_TYPES names some, separated by commas.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import yaml
from PIL import Image
from playwright.sync_api import Page
from pycocotools.coco import COCO

from cli.cluster import Cluster
from cli.stack import Stack
from cli.store import open_store
from local.cluster.api import wait
from tests.e2e.browser import browser_page, log_in, screenshot
from tests.e2e.data_types import SIZE, TEXT, TYPES, Type, label_of
from tests.e2e.deployment import Deployment
from tests.e2e.test_dev_stack import PICTURES
from tests.pages import blocks

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SHORT = "text-ner,audio-classification"
CHOSEN = os.environ.get("DATA_TYPES", SHORT)
NAMES = [*TYPES] if CHOSEN == "all" else CHOSEN.split(",")
PROJECTS = "label-studio:projects"
DECLARED = {
    project["name"]: project
    for block in blocks("yaml", page="data-types")
    for project in yaml.safe_load(block.text)[PROJECTS]
}
# What the released Label Studio, served by itself, was seen to give: its policy only reports.
KNOWN = {"script-src Executing inline script", "img-src image blob"}
ALWAYS = ("JSON", "JSON_MIN", "CSV")
# What a picture of the documentation may have, in bytes.
MAXIMUM_PICTURE = 60_000
WIDTH = 800


def test_the_gallery_has_every_type() -> None:
    assert [*DECLARED] == [*TYPES]


@dataclass
class Annotated:
    """A project of one task that a person annotated in the browser; ``reports`` is what Chromium said of policies."""

    name: str
    folder: Path
    annotation: dict[str, Any] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    ranged: httpx.Response | None = None

    @property
    def type(self) -> Type:
        return TYPES[self.name]

    @property
    def label(self) -> str:
        return label_of(DECLARED[self.name])


@pytest.fixture(scope="module")
def stack(dev_stack: Deployment) -> Iterator[Deployment]:
    settings = dev_stack.engine.settings
    dev_stack.change({**settings, PROJECTS: [DECLARED[name] for name in NAMES]})
    dev_stack.run("up")
    dev_stack.read_outputs()
    yield dev_stack
    dev_stack.change(settings)
    dev_stack.run("up")  # other tests compare the stack with its settings


@pytest.fixture(scope="module")
def page(stack: Deployment) -> Iterator[Page]:
    with browser_page() as opened:
        log_in(opened, stack.outputs["url"], stack.outputs["administrator"], stack.password)
        yield opened


@pytest.fixture(scope="module", params=NAMES)
def annotated(
    request: pytest.FixtureRequest,
    stack: Deployment,
    run: Callable[..., str],
    page: Page,
    tmp_path_factory: pytest.TempPathFactory,
) -> Annotated:
    """The one task of a project, uploaded from a folder and annotated in the browser."""
    made = Annotated(request.param, tmp_path_factory.mktemp(request.param))
    made.type.make(made.folder)
    run("upload", made.name, made.folder)
    assert run("sync", made.name).startswith("1 tasks at ")
    with stack.session() as session:
        number = session.projects()[made.name]
        [task] = session.request("GET", f"/api/tasks?project={number}&fields=all")["tasks"]
        if made.type.media:
            shown = session.request("GET", f"/api/tasks/{task['id']}/")["data"][made.type.media]
            made.ranged = session.http.get(shown, headers={"Range": "bytes=10-29"}, follow_redirects=True)
        made.reports = annotate(page, stack.outputs["url"], number, task["id"], made)
        wait("an annotation", lambda: bool(annotations_of(session.request, task["id"])), 30)
        [made.annotation] = annotations_of(session.request, task["id"])
    return made


def annotations_of(request: Callable[..., Any], task: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request("GET", f"/api/tasks/{task}/annotations/")
    return found


def annotate(page: Page, url: str, project: int, task: int, made: Annotated) -> list[str]:
    """Annotate and submit as a person does; what the browser said of the page's policy of contents."""
    said: list[str] = []

    def listen(message: Any) -> None:
        said.append(message.text)

    page.on("console", listen)
    try:
        page.goto(f"{url}/projects/{project}/data?task={task}")
        page.wait_for_function(made.type.shown)
        page.locator("button[aria-label=submit], button:has-text('Submit')").first.wait_for()
        page.wait_for_timeout(1500)
        made.type.annotate(page, made.label)
        page.wait_for_timeout(500)
        keep_picture(page, made)
        page.locator("button[aria-label=submit], button:has-text('Submit')").first.click()
        page.locator("button[aria-label=update], button:has-text('Update')").first.wait_for()
    except Exception:
        screenshot(page, made.folder.parent / f"failed-{made.name}.png")
        raise
    finally:
        page.remove_listener("console", listen)
    return [policy_of(text) for text in said if "Content Security Policy" in text]


def policy_of(report: str) -> str:
    """The directive that a report is about, and what it is that violates it, without addresses."""
    directive = re.search(r"directive:? [\"']([a-z-]+)", report)
    what = re.match(r"Loading the (\w+) '(\w+):", report)
    kind = f"{what[1]} {what[2]}" if what else report.partition(" violates")[0]
    return f"{directive and directive[1]} {kind}"


def keep_picture(page: Page, made: Annotated) -> None:
    """What the person sees, for the gallery if it is to be renewed."""
    name = f"type-{made.name}.png"
    file = screenshot(page, made.folder.parent / name)
    if os.environ.get("RENEW_PICTURES"):
        with Image.open(file) as image:
            small = image.convert("RGB").resize((WIDTH, image.height * WIDTH // image.width), Image.Resampling.LANCZOS)
            small.quantize(64).save(PICTURES / name, optimize=True)
        assert (PICTURES / name).stat().st_size < MAXIMUM_PICTURE


def test_a_person_annotates_it(annotated: Annotated) -> None:
    results = annotated.annotation["result"]
    assert annotated.type.result in {result["type"] for result in results}
    if annotated.label:
        assert annotated.label in json.dumps(results)


def test_the_browser_reports_no_more_than_of_the_released_page(annotated: Annotated) -> None:
    assert {*annotated.reports} <= KNOWN


def test_parts_of_media_can_be_asked_for(annotated: Annotated) -> None:
    if annotated.ranged is None:
        pytest.skip("this type has no media that a page loads by itself")
    [file] = [it for it in annotated.folder.iterdir() if it.suffix in (".png", ".wav", ".mp4")]
    assert annotated.ranged.status_code == httpx.codes.PARTIAL_CONTENT
    assert annotated.ranged.headers["Content-Range"] == f"bytes 10-29/{file.stat().st_size}"
    assert annotated.ranged.content == file.read_bytes()[10:30]


def test_it_is_in_the_target(
    annotated: Annotated, stack: Deployment, monkeypatch: pytest.MonkeyPatch, kubeconfig: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    deployed = Stack.of(stack.outputs)
    place = deployed.project(annotated.name).export
    assert place is not None
    with open_store(Cluster(deployed.context, deployed.namespace), place) as store:
        wait("an object", lambda: bool(store.names()), 60)
        [content] = store.read(store.names())
    assert json.loads(content)["result"] == annotated.annotation["result"]


def test_each_format_is_read_again(annotated: Annotated, run: Callable[..., str], tmp_path: Path) -> None:
    for kind in (*ALWAYS, *annotated.type.formats):
        assert "1 annotations of 1 tasks are in" in run("export", annotated.name, kind, "--output", tmp_path)
        READERS[kind](tmp_path / annotated.name / kind, annotated)


def read_json(folder: Path, annotated: Annotated) -> None:
    [task] = json.loads((folder / "result.json").read_text())
    assert [it["type"] for it in task["annotations"][0]["result"]] == [
        it["type"] for it in annotated.annotation["result"]
    ]


def read_json_min(folder: Path, annotated: Annotated) -> None:
    [task] = json.loads((folder / "result.json").read_text())
    assert annotated.label in json.dumps(task)


def read_csv(folder: Path, annotated: Annotated) -> None:
    with (folder / "result.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert annotated.label in json.dumps(row)


def read_coco(folder: Path, annotated: Annotated) -> None:
    coco = COCO(str(folder / "result.json"))
    [found] = coco.loadAnns(coco.getAnnIds())
    [image] = coco.loadImgs(found["image_id"])
    assert (image["width"], image["height"]) == SIZE
    assert coco.loadCats(found["category_id"])[0]["name"] == annotated.label
    assert found["area"] > 0


def read_yolo(folder: Path, annotated: Annotated) -> None:
    classes = (folder / "classes.txt").read_text().splitlines()
    [file] = (folder / "labels").iterdir()
    kind, *numbers = file.read_text().split()
    assert classes[int(kind)] == annotated.label
    assert all(0 <= float(number) <= 1 for number in numbers)


def read_voc(folder: Path, annotated: Annotated) -> None:
    [file] = (folder / "Annotations").iterdir()
    assert ElementTree.parse(file).findtext("object/name") == annotated.label


def read_conll(folder: Path, annotated: Annotated) -> None:
    [file] = folder.iterdir()
    lines = [line.split() for line in file.read_text().splitlines() if line.strip() and "DOCSTART" not in line]
    assert [line[-1] for line in lines if line[-1] != "O"] == [f"B-{annotated.label}"]
    if annotated.name == "text-ner":
        assert "".join(line[0] for line in lines) == TEXT.replace(" ", "")


READERS: dict[str, Callable[[Path, Annotated], None]] = {
    "JSON": read_json,
    "JSON_MIN": read_json_min,
    "CSV": read_csv,
    "COCO": read_coco,
    "YOLO": read_yolo,
    "VOC": read_voc,
    "CONLL2003": read_conll,
}
