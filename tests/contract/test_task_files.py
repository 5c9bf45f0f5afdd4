"""Files of tasks with their media, uploaded to a real S3 server and synchronized by the released Label Studio."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import data, upload
from cli.errors import ProjectError
from cli.stack import Place, Project
from cli.store import Store
from components.annotation_project.job import apply
from components.annotation_project.job.api import LabelStudio
from components.annotation_project.settings import ProjectSettings
from tests.contract.label_studio import VERSIONS, served
from tests.contract.minio import REGION, ROOT, minio
from tests.contract.minio import Store as Server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BUCKET = "media"
PREFIX = "fits/input/"
SOURCE = f"s3://{BUCKET}/{PREFIX}"
LABELLING = """
<View>
  <Image name="image" value="$image"/>
  <Text name="caption" value="$caption"/>
  <Choices name="fits" toName="image"><Choice value="yes"/><Choice value="no"/></Choices>
</View>
"""
DECLARED = ProjectSettings.model_validate(
    {"name": "fits", "labelConfig": LABELLING, "source": {"treatEveryBucketObjectAsSource": False}}
)
ROWS = [["images/one.png", "A cat"], ["images/two two.jpg", "A dog, asleep"]]


@dataclass
class Page:
    """A release of Label Studio with an account, and the S3 server that its project is about."""

    api: LabelStudio
    server: Server


@pytest.fixture(scope="module", params=VERSIONS)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with minio(tmp_path_factory.mktemp("minio")) as server:
        folder, other = tmp_path_factory.mktemp("page"), {"label_config": LABELLING, "tasks": []}
        with served(request.param, folder, other, DECLARED_S3_ENDPOINTS=server.endpoint) as found:
            api = LabelStudio(f"http://127.0.0.1:{found['port']}", 60)
            assert api.log_in("projects@example.com", "password")
            yield Page(api, server)


@pytest.fixture
def declaration(page: Page, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the job of the project reads, for an empty bucket; afterwards neither bucket nor project is there."""
    for variable, value in {"ACCESS_KEY_ID": ROOT[0], "SECRET_ACCESS_KEY": ROOT[1]}.items():
        for purpose in ("SOURCE", "UPLOAD"):
            monkeypatch.setenv(f"{purpose}_{variable}", value)
    s3 = page.server.client("s3", ROOT)
    s3.create_bucket(Bucket=BUCKET)
    source = DECLARED.source
    options = {
        "regex_filter": source.object_filter,
        "use_blob_urls": source.treat_every_bucket_object_as_source,
        "recursive_scan": source.recursive_scan,
        "presign": False,
        "presign_ttl": source.expiration_minutes,
    }
    place = {"bucket": BUCKET, "prefix": PREFIX, "region": REGION, "endpoint": page.server.endpoint, "ca": None}
    yield {
        "name": DECLARED.name,
        "title": DECLARED.page_title,
        "description": "",
        "label_config": LABELLING,
        "page": None,
        "webhooks": [],
        "storages": {"source": {"title": "Source", "place": place, "options": options}},
    }
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    s3.delete_bucket(Bucket=BUCKET)
    for project in [it for it in page.api.projects() if it["title"] == DECLARED.page_title]:
        page.api.request("DELETE", f"/api/projects/{project['id']}/")


@pytest.fixture
def run(
    page: Page,
    declaration: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Callable[..., str]:
    """`make upload`, for a stack without a cluster; returns what it printed."""
    place = Place(BUCKET, PREFIX, REGION, page.server.endpoint, None, None, None, None)
    cluster = SimpleNamespace(declaration=lambda _: declaration)
    monkeypatch.setattr(data, "declared", lambda *_: (cluster, Project("fits", "ls-fits", "ls-fits-sync", place)))
    store = Store(page.server.client("s3", ROOT), place)
    monkeypatch.setattr(data, "open_store", lambda *_: nullcontext(store))

    def command(delete: bool = False) -> str:
        capsys.readouterr()
        data.upload(SimpleNamespace(), "fits", str(tmp_path / "pairs"), delete=delete)  # type: ignore[arg-type]
        return " ".join(capsys.readouterr().out.split())

    return command


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    (folder / "images").mkdir(parents=True)
    for name, _ in ROWS:
        (folder / name).write_bytes(f"content of {name}".encode())
    (folder / "notes.txt").write_text("for nobody")
    table(folder, *ROWS)
    return folder


def table(folder: Path, *rows: list[str]) -> None:
    with (folder / "tasks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image", "caption"], *rows])


def tasks(page: Page, declaration: dict[str, Any]) -> dict[str, bytes]:
    """After a sync, the media of each task as a browser gets them, by caption."""
    report = json.loads(apply.apply(page.api, declaration))
    assert report["sync"] == {"source": "completed"}
    found = page.api.request("GET", "/api/tasks", project=report["project"], fields="all")["tasks"]
    assert len(found) == report["tasks"] == len({task["data"]["caption"] for task in found})
    shown = [page.api.request("GET", f"/api/tasks/{task['id']}/")["data"] for task in found]
    return {it["caption"]: page.api._http.get(it["image"]).content for it in shown}


def delete_tasks(page: Page) -> None:
    [project] = [it["id"] for it in page.api.projects() if it["title"] == DECLARED.page_title]
    for task in page.api.request("GET", "/api/tasks", project=project)["tasks"]:
        page.api.request("DELETE", f"/api/tasks/{task['id']}/")


def test_each_row_becomes_one_task_with_its_media(
    page: Page, declaration: dict[str, Any], run: Callable[..., str], pairs: Path
) -> None:
    assert tasks(page, declaration) == {}, "the bucket is empty"
    printed = run()
    assert "1 files of the folder are left out, for no task names them" in printed
    assert f"2 files and 2 tasks were uploaded to {SOURCE}; 0 files and 0 tasks were there already" in printed
    expected = {caption: f"content of {name}".encode() for name, caption in ROWS}
    assert tasks(page, declaration) == expected

    assert "0 files and 0 tasks were uploaded" in run()
    assert tasks(page, declaration) == expected, "no task twice"

    # A new row first, a changed one, and the one that stays.
    table(pairs, ["images/one.png", "The same cat"], ["images/one.png", "A kitten"], ROWS[1])
    assert "0 files and 2 tasks were uploaded" in run()
    changed = dict.fromkeys(("The same cat", "A kitten"), expected["A cat"])
    assert tasks(page, declaration) == {**expected, **changed}, "a changed row is a new task, and the old one stays"

    assert "2 files and 3 tasks were deleted" in run(delete=True)


def test_a_deleted_task_is_made_again_as_long_as_its_object_is_there(
    page: Page, declaration: dict[str, Any], run: Callable[..., str], pairs: Path
) -> None:
    run()
    captions = {caption for _, caption in ROWS}
    assert tasks(page, declaration).keys() == captions
    delete_tasks(page)
    assert tasks(page, declaration).keys() == captions
    run(delete=True)
    delete_tasks(page)
    assert tasks(page, declaration) == {}


def test_media_are_there_before_their_tasks(
    page: Page, run: Callable[..., str], pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[str] = []
    whole = upload._Put.__call__

    def noted(putting: upload._Put, source: upload.Source) -> None:
        whole(putting, source)
        put.append(source.name)

    monkeypatch.setattr(upload._Put, "__call__", noted)
    run()
    assert {*put[:2]} == {name for name, _ in ROWS}
    assert all(name.startswith("task-") for name in put[2:])
    assert len(put) == 4


def test_a_mistake_uploads_nothing(page: Page, run: Callable[..., str], pairs: Path) -> None:
    table(pairs, ROWS[0], ["images/three.png", "A bird"])
    with pytest.raises(ProjectError, match=r"tasks\.csv, line 3: image: the folder has no file 'images/three\.png'"):
        run()
    assert "Contents" not in page.server.client("s3", ROOT).list_objects_v2(Bucket=BUCKET)
