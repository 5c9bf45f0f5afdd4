"""Annotations as Label Studio keeps them in a target, read back from each format by somebody else's reader."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pycocotools.coco import COCO

from cli.errors import ProjectError
from cli.export import FORMATS, convert, tasks_of
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SOURCE = "s3://projects/cats/input/"
WIDTH, HEIGHT = 320, 240
# x, y, width, height in pixels
BOX = (32, 24, 160, 120)


def box(label: str) -> dict[str, Any]:
    x, y, width, height = BOX
    value = {
        "x": 100 * x / WIDTH,
        "y": 100 * y / HEIGHT,
        "width": 100 * width / WIDTH,
        "height": 100 * height / HEIGHT,
        "rotation": 0,
        "rectanglelabels": [label],
    }
    size = {"original_width": WIDTH, "original_height": HEIGHT}
    return {"id": "a", "type": "rectanglelabels", "from_name": "box", "to_name": "image", "value": value, **size}


def stored(number: int, task: int, name: str, *results: dict[str, Any]) -> bytes:
    """An object of a target storage, as 1.20.0 writes it."""
    content = {
        "id": number,
        "created_at": f"2026-01-01T00:00:{number:02}Z",
        "was_cancelled": False,
        "completed_by": {"id": 1, "email": "annotator@example.com", "first_name": "", "last_name": ""},
        "result": list(results),
        "task": {"id": task, "data": {"$undefined$": f"{SOURCE}{name}"}, "inner_id": task},
    }
    return json.dumps(content).encode()


@pytest.fixture
def tasks() -> list[dict[str, Any]]:
    return tasks_of([stored(2, 8, "young/b.jpg", box("cat")), stored(1, 7, "a.jpg", box("cat"))])


def test_a_task_has_all_its_annotations() -> None:
    [task] = tasks_of([stored(1, 7, "a.jpg"), stored(2, 7, "a.jpg")])
    assert [annotation["id"] for annotation in task["annotations"]] == [1, 2]
    assert "task" not in task["annotations"][0]


def test_coco_is_read_by_its_own_tools(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    coco = COCO(str(convert(tasks, LABELLING, SOURCE, "COCO", tmp_path) / "result.json"))
    assert [image["file_name"] for image in coco.dataset["images"]] == ["a.jpg", "young/b.jpg"]
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["cat"]
    for annotation in coco.loadAnns(coco.getAnnIds()):
        assert annotation["bbox"] == pytest.approx(BOX)


def test_yolo_has_a_file_for_each_image(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    convert(tasks, LABELLING, SOURCE, "YOLO", tmp_path)
    assert (tmp_path / "classes.txt").read_text().split() == ["cat"]
    labels = {file.stem: file.read_text().split() for file in (tmp_path / "labels").iterdir()}
    assert labels.keys() == {"a", "young__b"}
    label, *numbers = labels["a"]
    x, y, width, height = BOX
    centre = ((x + width / 2) / WIDTH, (y + height / 2) / HEIGHT, width / WIDTH, height / HEIGHT)
    assert label == "0"
    assert [float(number) for number in numbers] == pytest.approx(centre)


def test_voc_has_corners_in_pixels(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    convert(tasks, LABELLING, SOURCE, "VOC", tmp_path)
    document = ElementTree.parse(tmp_path / "Annotations" / "a.xml")
    corners = [int(document.findtext(f"object/bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")]
    x, y, width, height = BOX
    assert corners == [x, y, x + width, y + height]
    assert document.findtext("object/name") == "cat"
    assert document.findtext("filename") == "a.jpg"


def test_csv_and_json_keep_the_addresses_of_data(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    table = convert(tasks, LABELLING, SOURCE, "CSV", tmp_path / "csv") / "result.csv"
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [f"{SOURCE}a.jpg", f"{SOURCE}young/b.jpg"]
    whole = json.loads(convert(tasks, LABELLING, SOURCE, "JSON", tmp_path / "json").read_text())
    assert [task["annotations"][0]["result"][0]["type"] for task in whole] == ["rectanglelabels"] * 2


def test_nothing_but_the_result_is_left(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    for kind in FORMATS:
        convert(tasks, LABELLING, SOURCE, kind, tmp_path / kind)
        assert not list((tmp_path / kind).glob(".*"))


def test_what_a_format_cannot_say_is_refused(tmp_path: Path) -> None:
    text = (
        '<View><Text name="text" value="$text"/><Choices name="kind" toName="text"><Choice value="a"/></Choices></View>'
    )
    with pytest.raises(ProjectError, match="cannot be written as COCO; JSON and CSV always can"):
        convert([], text, SOURCE, "COCO", tmp_path)
