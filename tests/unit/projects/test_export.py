"""Annotations as Label Studio keeps them in a target, read back from each format by somebody else's reader."""

from __future__ import annotations

import csv
import errno
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pycocotools.coco import COCO

from cli.annotations import Annotations
from cli.errors import ProjectError
from cli.export import FORMATS, Labelled, complete, convert
from tests.unit.projects.test_settings import LABELLING
from tests.unit.stack_files import PROJECT as ROOT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SOURCE = "s3://projects/cats/input/"
PROJECT = Labelled(LABELLING, SOURCE)
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


def tasks_of(objects: Iterable[bytes], file: Path | str = ":memory:") -> list[dict[str, Any]]:
    """What is read back of objects that were downloaded."""
    contents = {f"{number}": content for number, content in enumerate(objects)}
    with Annotations.open(Path(file)) as annotations:
        annotations.keep(dict.fromkeys(contents, "1"), contents.items())
        return list(annotations.tasks())


@pytest.fixture
def tasks() -> list[dict[str, Any]]:
    return tasks_of([stored(2, 8, "young/b.jpg", box("cat")), stored(1, 7, "a.jpg", box("cat"))])


def test_a_task_has_all_its_annotations() -> None:
    [task] = tasks_of([stored(1, 7, "a.jpg"), stored(2, 7, "a.jpg")])
    assert [annotation["id"] for annotation in task["annotations"]] == [1, 2]
    assert "task" not in task["annotations"][0]


def test_coco_is_read_by_its_own_tools(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    coco = COCO(str(convert(tasks, PROJECT, "COCO", tmp_path) / "result.json"))
    assert [image["file_name"] for image in coco.dataset["images"]] == ["a.jpg", "young/b.jpg"]
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["cat"]
    for annotation in coco.loadAnns(coco.getAnnIds()):
        assert annotation["bbox"] == pytest.approx(BOX)


def test_yolo_has_a_file_for_each_image(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    convert(tasks, PROJECT, "YOLO", tmp_path)
    assert (tmp_path / "classes.txt").read_text().split() == ["cat"]
    labels = {file.stem: file.read_text().split() for file in (tmp_path / "labels").iterdir()}
    assert labels.keys() == {"a", "young__b"}
    label, *numbers = labels["a"]
    x, y, width, height = BOX
    centre = ((x + width / 2) / WIDTH, (y + height / 2) / HEIGHT, width / WIDTH, height / HEIGHT)
    assert label == "0"
    assert [float(number) for number in numbers] == pytest.approx(centre)


def test_voc_has_corners_in_pixels(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    convert(tasks, PROJECT, "VOC", tmp_path)
    document = ElementTree.parse(tmp_path / "Annotations" / "a.xml")
    corners = [int(document.findtext(f"object/bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")]
    x, y, width, height = BOX
    assert corners == [x, y, x + width, y + height]
    assert document.findtext("object/name") == "cat"
    assert document.findtext("filename") == "a.jpg"


def test_csv_and_json_keep_the_addresses_of_data(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    table = convert(tasks, PROJECT, "CSV", tmp_path / "csv") / "result.csv"
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [f"{SOURCE}a.jpg", f"{SOURCE}young/b.jpg"]
    whole = json.loads(convert(tasks, PROJECT, "JSON", tmp_path / "json").read_text())
    assert [task["annotations"][0]["result"][0]["type"] for task in whole] == ["rectanglelabels"] * 2


def test_coco_in_parts_is_the_same_as_in_one(
    tasks: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks[1]["annotations"][0]["result"].append(box("unknown"))

    def written(name: str) -> Any:
        document = json.loads((convert(tasks, PROJECT, "COCO", tmp_path / name) / "result.json").read_text())
        return {key: value for key, value in document.items() if key != "info"}

    whole = written("whole")
    monkeypatch.setattr("cli.export.CHUNK", 1)
    assert written("parts") == whole
    assert [image["file_name"] for image in whole["images"]] == ["a.jpg", "young/b.jpg"]
    assert len(whole["annotations"]) == 3


def test_the_short_json_is_written_in_parts(
    tasks: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.export.CHUNK", 1)
    convert(tasks, PROJECT, "JSON_MIN", tmp_path)
    whole = json.loads((tmp_path / "result.json").read_text())
    assert [(task["id"], task["image"]) for task in whole] == [(7, f"{SOURCE}a.jpg"), (8, f"{SOURCE}young/b.jpg")]


def test_nothing_but_the_result_is_left(tasks: list[dict[str, Any]], tmp_path: Path) -> None:
    for kind in sorted(set(FORMATS) - {"CONLL2003"}):
        convert(tasks, PROJECT, kind, tmp_path / kind)
        assert not list((tmp_path / kind).glob(".*"))


def test_what_a_format_cannot_say_is_refused(tmp_path: Path) -> None:
    text = (
        '<View><Text name="text" value="$text"/><Choices name="kind" toName="text"><Choice value="a"/></Choices></View>'
    )
    with pytest.raises(ProjectError, match="cannot be written as COCO; JSON, JSON_MIN and CSV always can"):
        convert([], Labelled(text, SOURCE), "COCO", tmp_path)


def test_only_what_is_new_is_downloaded_again(tmp_path: Path) -> None:
    file = tmp_path / "cats" / "downloaded.db"
    first, second = stored(1, 7, "a.jpg"), stored(2, 8, "b.jpg")
    with Annotations.open(file) as annotations:
        assert annotations.missing({"1": "a", "2": "a"}) == ["1", "2"]
        annotations.keep({"1": "a", "2": "a"}, [("1", first), ("2", second)])
    with Annotations.open(file) as annotations:
        assert annotations.missing({"1": "a", "2": "b", "3": "a"}) == ["2", "3"]
        assert annotations.count_tasks() == 2
        assert annotations.missing({"1": "a"}) == []
        assert [task["id"] for task in annotations.tasks()] == [7]


def test_what_had_come_before_a_download_broke_off_stays(tmp_path: Path) -> None:
    file = tmp_path / "downloaded.db"

    def breaking() -> Iterator[tuple[str, bytes]]:
        yield "1", stored(1, 7, "a.jpg")
        raise ProjectError("s3://data/: get_object: 503")

    with pytest.raises(ProjectError, match="503"), Annotations.open(file) as annotations:
        annotations.keep({"1": "a", "2": "a"}, breaking())
    with Annotations.open(file) as annotations:
        assert annotations.missing({"1": "a", "2": "a"}) == ["2"]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "downloaded.db"
    file.write_text("not one" * 100)
    with pytest.raises(ProjectError, match=r"downloaded\.db cannot be used .*delete that file"), Annotations.open(file):
        pass


def test_an_export_that_breaks_off_leaves_the_one_before(tmp_path: Path) -> None:
    directory = tmp_path / "COCO"
    for content in ("first", "second"):
        with complete(directory) as part:
            (part / "result.json").write_text(content)
        assert (directory / "result.json").read_text() == content
    with pytest.raises(KeyError), complete(directory) as part:
        (part / "result.json").write_text("half")
        raise KeyError
    with pytest.raises(ProjectError, match=r"COCO cannot be written .No space left on device."), complete(directory):
        raise OSError(errno.ENOSPC, "no space")
    assert [(it.name, it.read_text()) for it in tmp_path.rglob("*.json")] == [("result.json", "second")]
    assert list(tmp_path.iterdir()) == [directory]


def test_text_is_written_word_by_word(tmp_path: Path) -> None:
    labelling = (
        '<View><Labels name="label" toName="text"><Label value="PER"/></Labels><Text name="text" value="$text"/></View>'
    )
    value = {"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}
    result = {"from_name": "label", "to_name": "text", "type": "labels", "value": value}
    task = {"id": 1, "data": {"text": "Anna sleeps"}, "annotations": [{"id": 1, "result": [result]}]}
    seen: list[int] = []
    convert([task], Labelled(labelling, SOURCE), "CONLL2003", tmp_path, lambda: seen.append(1))
    assert (tmp_path / "result.conll").read_text().split() == [
        *["-DOCSTART-", "-X-", "O"],
        *["Anna", "-X-", "_", "B-PER"],
        *["sleeps", "-X-", "_", "O"],
    ]
    assert seen == [1]


def test_formats_with_a_date_have_the_one_that_is_given(tmp_path: Path) -> None:
    tasks = tasks_of([stored(1, 7, "a.jpg", box("cat"))])
    labelled = Labelled(LABELLING, SOURCE, datetime(2024, 2, 29, 12, 30, tzinfo=UTC))
    convert(tasks, labelled, "COCO", tmp_path / "coco")
    info = json.loads((tmp_path / "coco" / "result.json").read_text())["info"]
    assert (info["year"], info["date_created"]) == (2024, "2024-02-29 12:30:00+00:00")
    convert(tasks, labelled, "YOLO", tmp_path / "yolo")
    assert json.loads((tmp_path / "yolo" / "notes.json").read_text())["info"]["year"] == 2024


SEVERAL = (
    '<View><Text name="t" value="$text"/><Image name="i" value="$image"/><Audio name="a" value="$audio"/>'
    '<Choices name="x" toName="i"><Choice value="cat"/></Choices><TextArea name="y" toName="t"/>'
    '<TextArea name="z" toName="a"/></View>'
)


@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
def test_the_first_kind_of_data_is_the_same_in_each_run(seed: str, tmp_path: Path) -> None:
    """The converter keeps the names of data in a set, whose order is another one in each process."""
    program = (
        "import sys, pathlib; from cli.export import Labelled, convert\n"
        "task = {'id': 1, 'data': {'$undefined$': 'data'}, 'annotations': [{'id': 1, 'result': []}]}\n"
        "convert([task], Labelled(sys.argv[1], 's3://a/'), 'JSON_MIN', pathlib.Path(sys.argv[2]))"
    )
    environment = {"PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, "-c", program, SEVERAL, str(tmp_path)], cwd=ROOT, env=environment, check=True)
    [task] = json.loads((tmp_path / "result.json").read_text())
    assert task["text"] == "data"
