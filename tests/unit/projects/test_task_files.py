"""Files of tasks and the media that they name, as objects for Label Studio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import task_files
from cli.errors import ProjectError
from cli.task_files import Fields, TaskFolder
from cli.upload import files_of

SOURCE = "s3://projects/cats/input/"
FIELDS = Fields(shown=frozenset({"image", "caption"}), media=frozenset({"image"}))
ONE = {"data": {"image": f"{SOURCE}images/one.png", "caption": "A cat"}}
TWO = {"data": {"image": f"{SOURCE}images/two two.jpg", "caption": 'It says "meow",\nloudly'}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "images").mkdir(parents=True)
    for name in ("one.png", "two two.jpg", "three.json"):
        (folder / "images" / name).write_text(name)
    return folder


def written(folder: Path, fields: Fields = FIELDS) -> tuple[list[Any], TaskFolder]:
    """The tasks of a folder, in the order of its files, and what the folder then knows."""
    files = files_of(str(folder))
    known = TaskFolder({name: path for path, name in files}, fields, SOURCE)
    target = folder.parent / "made"
    target.mkdir(exist_ok=True)
    made = known.write(task_files.read(files), target)
    return [json.loads(path.read_text()) for path, _ in made], known


ROWS = {
    "tasks.json": '[{"image": "images/one.png", "caption": "A cat"},'
    ' {"data": {"image": "./images/two two.jpg", "caption": "It says \\"meow\\",\\nloudly"}}]',
    "tasks-of-may.jsonl": '{"image": "images/one.png", "caption": "A cat"}\n\n'
    '{"image": "images/two two.jpg", "caption": "It says \\"meow\\",\\nloudly"}',
    "tasks.csv": '\ufeffimage,caption\r\nimages/one.png,A cat\r\nimages/two two.jpg,"It says ""meow"",\nloudly"\r\n',
    "tasks.tsv": 'caption\timage\nA cat\timages/one.png\n"It says ""meow"",\nloudly"\timages/two two.jpg\n\n',
}


@pytest.mark.parametrize("name", ROWS)
def test_each_kind_of_file_gives_the_same_tasks(name: str, folder: Path) -> None:
    (folder / name).write_text(ROWS[name], newline="")
    tasks, known = written(folder)
    assert tasks == [ONE, TWO]
    assert [name for _, name in known.media()] == ["images/one.png", "images/two two.jpg"]


def test_a_task_is_called_after_its_content(folder: Path) -> None:
    for name, text in ROWS.items():
        (folder / name).write_text(text, newline="")
    tasks, _ = written(folder)
    assert tasks == [ONE, TWO], "the same task of four files is one"
    (folder / "tasks.csv").write_text(ROWS["tasks.csv"].replace("A cat", "A dog"))
    assert [task["data"]["caption"] for task in written(folder)[0]].count("A dog") == 1
    before = {path.name for path in (folder.parent / "made").iterdir()}
    assert len(before) == 3
    written(folder)
    assert {path.name for path in (folder.parent / "made").iterdir()} == before


def test_what_is_beside_the_data_stays_and_addresses_too(folder: Path) -> None:
    task: dict[str, Any] = {
        "data": {
            "image": ["images/one.png", "https://example.com/a.jpg", "s3://other/b.jpg"],
            "caption": "images/one.png",
            "more": {"author": "images/one.png"},
        },
        "predictions": [{"result": [], "score": 0.5}],
    }
    (folder / "tasks.json").write_text(json.dumps(task))
    [made], _ = written(folder)
    assert made["predictions"] == task["predictions"]
    assert made["data"] == {**task["data"], "image": [f"{SOURCE}images/one.png", *task["data"]["image"][1:]]}


def test_every_mistake_is_told_with_file_row_and_field(folder: Path) -> None:
    (folder / "tasks.csv").write_text(
        "image,caption\nimages/one.png,A cat\nimages/1.png,A dog\n,none\nimages/one.png\n"
    )
    (folder / "tasks.json").write_text('["images/one.png", {"image": ["a.jpg", 5]}, {"image": "../x", "caption": NaN}]')
    (folder / "tasks.jsonl").write_text('{"image": \n')
    with pytest.raises(ProjectError) as told:
        written(folder)
    first, *others = str(told.value).splitlines()
    assert first == "nothing was uploaded, for tasks have 10 mistakes:"
    no_file = "the folder has no file {!r}, and it is no address such as s3://bucket/a.jpg"
    assert others == [
        f"tasks.csv, line 3: image: {no_file.format('images/1.png')}",
        "tasks.csv, line 4: image: must be the name of a file, not ''",
        "tasks.csv, line 5: has 1 columns, and the first line 2",
        'tasks.json, task 1: must be an object such as {"image": "images/a.jpg"}',
        "tasks.json, task 2: has no field caption, which the labelling configuration shows",
        f"tasks.json, task 2: image: {no_file.format('a.jpg')}",
        "tasks.json, task 2: image: must be the name of a file, not 5",
        f"tasks.json, task 3: image: {no_file.format('../x')}",
        "tasks.json, task 3: has a number that is none in JSON, such as NaN",
        "tasks.jsonl, line 1: is no JSON (Expecting value: line 2 column 1 (char 11))",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", b"image,caption\n", "has none of tasks.json, tasks.jsonl, tasks.csv, tasks.tsv"),
        ("tasks.json", b"{", r"tasks\.json cannot be read \(Expecting property name"),
        ("tasks.csv", b"image,\xff\n", r"tasks\.csv cannot be read \('utf-8' codec"),
        ("tasks.csv", b"image,image\n", r"tasks\.csv cannot be read \(its first line must name each column"),
        ("tasks.csv", b"", r"tasks\.csv cannot be read \(its first line must name each column"),
        ("tasks.csv", b'image,caption\na,"b', r"tasks\.csv cannot be read \(unexpected end of data"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(name: str, content: bytes, message: str, folder: Path) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ProjectError, match=message):
        written(folder)


def test_the_labelling_configuration_says_which_fields_name_media() -> None:
    fields = Fields.of("""
      <View>
        <Image name="i" value="$image"/><Image name="l" valueList="$images"/><Audio name="a" value="$sound"/>
        <TimeSeries name="t" value="$csv"/><TimeSeries name="j" value="$series" valueType="json"/>
        <Text name="x" value="$text"/><Text name="u" value="$page" valueType="url"/>
        <Image name="p" value="$pages[0]"/>
        <Choices name="c" toName="i"><Choice value="yes"/></Choices>
      </View>""")
    assert fields.media == {"image", "images", "sound", "csv", "page"}
    assert fields.shown == fields.media | {"series", "text"}


@pytest.mark.parametrize("pattern", [None, r".*\.(json|png)", r".*\.jsonl$"])
def test_a_filter_that_takes_media_for_tasks_or_misses_tasks_is_refused(pattern: str | None) -> None:
    with pytest.raises(ProjectError, match=r"source\.fileFilterRegex must match tasks and no media"):
        task_files.check_filter(pattern, "cats/input/", [(Path(), "images/one.png")], [(Path(), "task-0a.json")])


@pytest.mark.parametrize("pattern", [r".*\.jsonl?$", ".*task-[0-9a-f]*[.]json$"])
def test_the_filter_of_a_source_of_tasks_reads_them_alone(pattern: str) -> None:
    task_files.check_filter(pattern, "cats/input/", [(Path(), "images/one.png")], [(Path(), "task-0a.json")])
