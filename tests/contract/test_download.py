"""Downloads from a real S3 server: folders that libraries for training read, complete after whatever happened."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from cli import data, fetch
from cli.errors import ProjectError
from cli.stack import Place, Project
from cli.store import Store
from local.paths import CACHE
from tests.contract.label_studio import installed
from tests.contract.minio import REGION, ROOT, minio
from tests.contract.minio import Store as Server
from tests.unit.projects.test_export import BOX, HEIGHT, WIDTH, box
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

READERS = Path(__file__).with_name("readers")
BUCKET, INPUT, OUTPUT = "projects", "cats/input/", "cats/output/"
SOURCE = f"s3://{BUCKET}/{INPUT}"
CORNERS = [BOX[0], BOX[1], BOX[0] + BOX[2], BOX[1] + BOX[3]]
IMAGES = ("a cat.jpg", "young/b.png", "young/c.jpg")
MIB = 1024 * 1024
Download = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with minio(tmp_path_factory.mktemp("minio")) as started:
        yield started


@pytest.fixture
def s3(server: Server) -> Iterator[Any]:
    """A client for the bucket of a project with three images, each of which has a box around a cat."""
    client = server.client("s3", ROOT)
    client.create_bucket(Bucket=BUCKET)
    for number, name in enumerate(IMAGES):
        client.put_object(Bucket=BUCKET, Key=INPUT + name, Body=image(number))
        annotate(client, number, {"$undefined$": SOURCE + name}, box("cat"))
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page["Contents"]:
            client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


def image(number: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (number, 0, 0)).save(content, "PNG")
    return content.getvalue()


def annotate(client: Any, number: int, task: dict[str, Any], *results: dict[str, Any]) -> None:
    content = {"id": number, "result": list(results), "task": {"id": number, "data": task}}
    client.put_object(Bucket=BUCKET, Key=f"{OUTPUT}{number}", Body=json.dumps(content).encode())


@pytest.fixture
def download(
    server: Server, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Download:
    """The command, for a stack without a cluster; returns what it printed."""
    keys = {"access_key_id": None, "secret_access_key": None, "session_token": None, "ca": None}
    source = Place(bucket=BUCKET, prefix=INPUT, region=REGION, endpoint=server.endpoint, **keys)
    project = Project("cats", "ls-cats", "ls-cats-sync", source, replace(source, prefix=OUTPUT), source)
    cluster = SimpleNamespace(declaration=lambda _: {"label_config": LABELLING})
    monkeypatch.setattr(data, "declared", lambda *_: (cluster, project))

    def run(kind: str = "COCO", folder: Path = tmp_path / "set", client: Any = s3) -> str:
        monkeypatch.setattr(data, "open_store", lambda _, place, __: nullcontext(Store(client, place)))
        capsys.readouterr()
        data.download(SimpleNamespace(), "cats", kind, folder)  # type: ignore[arg-type]
        return " ".join(capsys.readouterr().out.split())

    return run


def files(folder: Path) -> dict[str, bytes]:
    """What people see of a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if ".download" not in path.parts}


@pytest.mark.parametrize("kind", ["COCO", "YOLO", "VOC"])
def test_a_library_for_training_reads_boxes_and_images(kind: str, download: Download, tmp_path: Path) -> None:
    printed = download(kind)
    assert f"3 annotations of 3 tasks and 3 files are in {tmp_path / 'set'}" in printed
    python = installed(READERS / "requirements.txt", CACHE / "readers")
    command = [str(python), str(READERS / "detection.py"), kind, str(tmp_path / "set")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    names = IMAGES if kind == "COCO" else [name.replace("/", "__") for name in IMAGES]
    # VOC counts pixels from 1; Label Studio's converter does not, and its files are read as they are everywhere.
    corners = [CORNERS[0] - 1, CORNERS[1] - 1, *CORNERS[2:]] if kind == "VOC" else CORNERS
    assert json.loads(answer.stdout) == {name: [["cat", *corners]] for name in names}


@pytest.mark.parametrize("kind", ["JSON", "JSON_MIN"])
def test_tasks_of_any_kind_name_files_of_the_folder(kind: str, s3: Any, download: Download, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{INPUT}sounds/d.wav", Body=b"sound")
    annotate(s3, 4, {"image": SOURCE + IMAGES[0], "more": [{"sound": f"{SOURCE}sounds/d.wav"}]}, box("cat"))
    annotate(s3, 5, {"image": "https://example.com/e.jpg"}, box("cat"))
    printed = download(kind)
    assert "some tasks have data elsewhere, such as https://example.com/e.jpg: it was not downloaded" in printed
    tasks = {task["id"]: task.get("data", task) for task in json.loads((tmp_path / "set" / "result.json").read_text())}
    assert tasks[4]["more"] == [{"sound": "data/sounds/d.wav"}]
    assert (tmp_path / "set" / tasks[4]["more"][0]["sound"]).read_bytes() == b"sound"
    assert (tmp_path / "set" / tasks[4]["image"]).read_bytes() == image(0)
    assert tasks[5]["image"] == "https://example.com/e.jpg"


def test_only_what_is_new_or_lost_is_downloaded_again(s3: Any, download: Download, tmp_path: Path) -> None:
    assert "Downloading 3 files" in download()
    assert "Downloading 0 files" in download()
    images = tmp_path / "set" / "images"
    (images / IMAGES[0]).unlink()
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[1], Body=image(77))
    s3.delete_object(Bucket=BUCKET, Key=f"{OUTPUT}2")
    assert "Downloading 2 files" in download()
    assert (images / IMAGES[0]).read_bytes() == image(0)
    assert (images / IMAGES[1]).read_bytes() == image(77)
    assert not (images / IMAGES[2]).exists(), "nobody has annotated it any more"


def test_a_task_whose_file_is_gone_is_left_out_and_told(s3: Any, download: Download, tmp_path: Path) -> None:
    s3.delete_object(Bucket=BUCKET, Key=INPUT + IMAGES[1])
    told = f"1 files of tasks are not in {SOURCE}, such as {IMAGES[1]}: their tasks are left out"
    assert told in download()
    document = json.loads((tmp_path / "set" / "result.json").read_text())
    assert [it["file_name"] for it in document["images"]] == [IMAGES[0], IMAGES[2]]


def test_files_that_a_format_would_confuse_are_refused(s3: Any, download: Download) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{INPUT}young/b.jpg", Body=image(5))
    annotate(s3, 5, {"image": f"{SOURCE}young/b.jpg"}, box("cat"))
    with pytest.raises(ProjectError, match=r"young/b\.png and young/b\.jpg would have one name as YOLO"):
        download("YOLO")


def test_a_name_that_leads_out_of_the_folder_is_refused(s3: Any, download: Download) -> None:
    annotate(s3, 5, {"image": f"{SOURCE}../../.profile"}, box("cat"))
    with pytest.raises(ProjectError, match=r"no file of this machine can have the name of the object '\.\./\.\./"):
        download()


def test_a_folder_with_anything_else_is_left_as_it_is(download: Download, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ProjectError, match="mine has other files already; name a new folder in TO"):
        download(folder=tmp_path / "mine")
    download("COCO")
    with pytest.raises(ProjectError, match="set has the project cats as COCO; name another folder in TO"):
        download("YOLO")


def test_what_was_cut_off_goes_on_where_it_was(
    server: Server, s3: Any, download: Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection of the first half of the download ends in the middle of the file."""
    content = os.urandom(8 * MIB)
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=content)
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    with cutting_off(server, 3 * MIB) as address:
        through = replace(server, address=address).client("s3", ROOT)
        with pytest.raises(ProjectError, match=r"a cat\.jpg: the store stopped in the middle of it"):
            download(client=through)
    # The small files beside it may still be on their way.
    part = max((tmp_path / "set" / ".download" / "parts").iterdir(), key=lambda path: path.stat().st_size)
    have = part.stat().st_size
    assert 0 < have < len(content)
    asked: list[str] = []
    s3.meta.events.register(
        "before-call.s3.GetObject", lambda params, **_: asked.append(params["headers"].get("Range"))
    )
    download()
    assert f"bytes={have}-" in asked
    assert (tmp_path / "set" / "images" / IMAGES[0]).read_bytes() == content
    assert not part.exists()


class cutting_off(nullcontext[str]):  # noqa: N801 - used as a function
    """A server before another one, which ends a connection after so many bytes of answers."""

    def __init__(self, server: Server, limit: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        super().__init__(f"127.0.0.1:{self._listener.getsockname()[1]}")
        host, port = server.address.split(":")
        self._target, self._limit = (host, int(port)), limit
        threading.Thread(target=self._serve, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            remote = socket.create_connection(self._target)
            threading.Thread(target=self._copy, args=(connection, remote, 1 << 62), daemon=True).start()
            threading.Thread(target=self._copy, args=(remote, connection, self._limit), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, limit: int) -> None:
        try:
            while limit > 0 and (chunk := source.recv(65536)):
                target.sendall(chunk)
                limit -= len(chunk)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def test_what_changes_under_way_is_no_mixture(server: Server, s3: Any, tmp_path: Path) -> None:
    place = Place(BUCKET, INPUT, REGION, server.endpoint, None, None, None, None)
    store = Store(s3, place)
    listed = next(it for it in store.listed() if it.name == IMAGES[0])
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=b"another")
    with pytest.raises(ProjectError, match=r"a cat\.jpg was changed during the download; run the command again"):
        fetch.Fetch(store, tmp_path)(listed, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_large_file_needs_little_memory(s3: Any, download: Download, tmp_path: Path) -> None:
    content = os.urandom(64 * MIB)
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=content)
    download()  # imports the converter
    (tmp_path / "set" / "images" / IMAGES[0]).unlink()
    tracemalloc.start()
    download()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MIB
