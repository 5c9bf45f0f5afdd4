"""Tasks made of the files of a folder, where no table says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import labelling, task_files
from cli.errors import ProjectError
from cli.pairs import Row, rows, texts
from cli.stack import Project, SecretKey, Stack
from cli.task_files import Fields, TaskFolder
from cli.upload import files_of

SOURCE = "s3://projects/cats/input/"
PAIR = {"image": "image", "text": "text"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "b").mkdir(parents=True)
    for name in ("a.PNG", "b/a.jpg"):
        (folder / name).write_bytes(b"pixels")
    (folder / "a.txt").write_bytes("\ufeffHow many?\r\n".encode())
    (folder / "b" / "a.txt").write_text('Größe < 3 & "rot"', encoding="utf-8")
    return folder


def test_files_of_one_name_are_one_task(folder: Path) -> None:
    (folder / "notes.doc").write_text("for nobody")
    files = files_of(str(folder))
    known = TaskFolder(
        {name: path for path, name in files}, Fields(frozenset(PAIR), frozenset({"image"}), PAIR), SOURCE
    )
    made = folder.parent / "made"
    made.mkdir()
    written = known.write(task_files.read(files, PAIR), made)
    tasks = sorted((json.loads(path.read_text())["data"] for path, _ in written), key=lambda task: task["image"])
    assert tasks == [
        {"image": f"{SOURCE}a.PNG", "text": "How many?\r\n"},
        {"image": f"{SOURCE}b/a.jpg", "text": 'Größe < 3 & "rot"'},
    ]
    assert [name for _, name in known.media()] == ["a.PNG", "b/a.jpg"]
    assert [name for _, name in texts(files, PAIR)] == ["a.txt", "b/a.txt"]


def test_each_text_is_a_task(folder: Path) -> None:
    (folder / "page.htm").write_text("<p>1</p>")
    files = files_of(str(folder))
    assert [row.value for row in rows(files, {"html": "hypertext"})] == [{"html": "<p>1</p>"}]
    assert [row.place for row in rows(files, {"text": "text"})] == ["a", "b/a"]


def test_a_table_comes_first(folder: Path) -> None:
    (folder / "tasks.csv").write_text("text\nfrom the table\n")
    assert [row.value for row in task_files.read(files_of(str(folder)), {"text": "text"})] == [
        {"text": "from the table"}
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda it: (it / "a.txt").unlink(),
            Row("a.PNG", problem="has no file a with .txt beside it, for the field text"),
        ),
        (lambda it: (it / "a.PNG").unlink(), "a.txt: has no file a with .bmp or .gif or"),
        (lambda it: (it / "a.gif").touch(), "a.gif: would be in one task with a.PNG; give it another name"),
        (lambda it: (it / "a.txt").write_bytes(b"\xff"), "a.txt: is no text in UTF-8"),
    ],
)
def test_a_file_without_the_other_is_one_line(folder: Path, change: Any, problem: Row | str) -> None:
    change(folder)
    [wrong] = [row for row in rows(files_of(str(folder)), PAIR) if row.problem]
    expected = problem if isinstance(problem, str) else f"{problem.place}: {problem.problem}"
    assert f"{wrong.place}: {wrong.problem}".startswith(expected)


@pytest.mark.parametrize("tags", [{"one": "image", "other": "image"}, {"table": "table"}, {"text": "text by url"}])
def test_fields_that_suffixes_do_not_tell_apart_need_a_table(folder: Path, tags: dict[str, str]) -> None:
    files = files_of(str(folder))
    assert rows(files, tags) == []
    assert texts(files, tags) == []
    with pytest.raises(ProjectError, match="the folder has none of"):
        [*task_files.read(files, tags)]


def test_a_labelling_configuration_says_by_which_tag_a_field_is_shown() -> None:
    config = """
    <View><Image name="i" value="$image"/><Text name="t" value="$text"/><Text name="u" value="$far" valueType="url"/>
    <Choices name="c" toName="i"><Choice value="a"/></Choices></View>
    """
    assert Fields.of(config).tags == {"image": "image", "text": "text", "far": "text by url"}


ACCOUNT = (SecretKey("account", "email"), SecretKey("account", "password"))


def project(**facts: Any) -> Project:
    place: Any = None
    return Project("cats", "ls-cats", "ls-cats-sync", place, **facts)


def test_the_xml_of_a_template_is_asked_of_label_studio(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster: Any = SimpleNamespace(declaration=lambda _: {"label_config": "<View/>"})
    assert labelling.label_config(cluster, project()) == "<View/>"
    cluster.declaration = lambda _: {"label_config": None, "labelling": {"template": "image-bbox"}}
    with pytest.raises(ProjectError, match="does not say yet how to ask"):
        labelling.label_config(cluster, project())
    said: list[Any] = []
    cluster.namespace = "label-studio"

    def run_job(*arguments: Any) -> str:
        said.append(arguments)
        return '{"project": 7}'

    cluster.run_job = run_job
    cluster.secret = lambda key: key.key

    class Service:
        def __enter__(self) -> int:
            return 1234

        def __exit__(self, *_: object) -> None:
            return None

    class Page:
        def __init__(self, url: str) -> None:
            said.append(url)

        def log_in(self, *account: str) -> None:
            said.append(account)

        def label_config(self, number: int) -> str:
            return f"<View number='{number}'/>"

    cluster.service = lambda *_: Service()
    monkeypatch.setattr(labelling, "Page", Page)
    found = labelling.label_config(cluster, project(account=ACCOUNT, service="page"))
    assert found == "<View number='7'/>"
    assert said[0][:2] == ("ls-cats-sync", labelling.FIND)
    assert said[1:] == ["http://127.0.0.1:1234", ("email", "password")]


def test_projects_know_the_service_of_the_page() -> None:
    place = {"bucket": "b", "prefix": "", "region": "r"}
    output = {"declaration": "d", "syncJob": "s", "upload": place}
    outputs = {"context": "c", "namespace": "n", "projects": {"cats": output}, "serviceName": "page"}
    assert Stack.of(outputs).project("cats").service == "page"
