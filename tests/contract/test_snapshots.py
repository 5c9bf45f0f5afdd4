"""Snapshots in a real MinIO, by the keys that a project has: the same bytes again, whatever was changed since."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import data, manifest, snapshots, versions
from cli.errors import ProjectError
from cli.listed import Listed
from cli.stack import Place, Project, SecretKey
from cli.store import Store, open_store
from components.annotation_project.grants import project_grants
from components.annotation_project.settings import ProjectSettings
from components.object_store.policy import policy_document
from tests.contract.minio import REGION, ROOT, Key, minio
from tests.contract.minio import Store as Server
from tests.contract.test_download import annotate, files, image
from tests.unit.projects.test_export import box
from tests.unit.projects.test_settings import LABELLING

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BUCKET, INPUT, OUTPUT, KEPT = "projects", "cats/input/", "cats/output/", "snapshots/cats/"
SOURCE = f"s3://{BUCKET}/{INPUT}"
IMAGES = ("a cat.jpg", "young/b.png", "young/c.jpg")
GRANTS = {
    grant.name: grant
    for grant in project_grants([ProjectSettings(name="cats", label_config=LABELLING)], BUCKET, snapshots=BUCKET)
}
KEYS: dict[str, Key] = {name: (f"key-{name}", f"secret-of-{name}") for name in GRANTS}
Download = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the keys of a project, as the set-up job makes them."""
    with minio(tmp_path_factory.mktemp("minio")) as started:
        for name, grant in GRANTS.items():
            policy = json.dumps(policy_document(grant))
            started.grant(KEYS[name], BUCKET, grant.prefix, policy, versioning=name == next(iter(GRANTS)))
        status = started.client("s3", ROOT).get_bucket_versioning(Bucket=BUCKET)["Status"]
        assert status == "Enabled", "objectStore.versioning is what the job does"
        yield started


@pytest.fixture
def s3(server: Server) -> Iterator[Any]:
    """The administrator's client; the bucket has a project with three images, each with a box around a cat."""
    root = server.client("s3", ROOT)
    if BUCKET not in [it["Name"] for it in root.list_buckets()["Buckets"]]:
        root.create_bucket(Bucket=BUCKET)
    versioning(root, "Enabled")
    for number, name in enumerate(IMAGES):
        client(server, "cats-upload").put_object(Bucket=BUCKET, Key=INPUT + name, Body=image(number))
        annotate(root, number, {"$undefined$": SOURCE + name}, box("cat"))
    yield root
    for page in root.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            root.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])


@cache
def client(server: Server, grant: str) -> Any:
    return server.client("s3", KEYS[grant])


def place(server: Server, grant: str, prefix: str | None = None) -> Place:
    identifier, secret = SecretKey(grant, "access-key"), SecretKey(grant, "secret-key")
    return Place(BUCKET, prefix or GRANTS[grant].prefix, REGION, server.endpoint, identifier, secret, None, None)


@pytest.fixture
def project(server: Server, s3: Any) -> Project:
    return Project(
        "cats",
        "ls-cats",
        "ls-cats-sync",
        upload=place(server, "cats-upload"),
        export=place(server, "cats-export"),
        data=place(server, "cats-source"),
        snapshots=place(server, "cats-snapshots"),
        versions=place(server, "cats-snapshots", INPUT),
    )


@pytest.fixture
def download(
    server: Server,
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Download:
    """The command with the keys that the outputs of a stack name; returns what it printed."""

    def opened(_: Any, where: Place, __: Any = None) -> Any:
        assert where.access_key_id
        return nullcontext(Store(client(server, where.access_key_id.name), where))

    labelled(monkeypatch, project, LABELLING)
    for module in (data, snapshots):
        monkeypatch.setattr(module, "open_store", opened)

    def run(kind: str = "COCO", folder: str = "set", snapshot: str | None = "first") -> str:
        capsys.readouterr()
        data.download(SimpleNamespace(), "cats", kind, tmp_path / folder, snapshot=snapshot)  # type: ignore[arg-type]
        return " ".join(capsys.readouterr().out.split())

    return run


def labelled(monkeypatch: pytest.MonkeyPatch, project: Project, label_config: str) -> None:
    cluster = SimpleNamespace(
        declaration=lambda _: {"label_config": label_config},
        secret=lambda key: KEYS[key.name][key.key == "secret-key"],
    )
    monkeypatch.setattr(data, "declared", lambda *_: (cluster, project))


@pytest.fixture
def change_everything(server: Server, s3: Any, project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Whatever people do: other content, deleted data, other and further annotations, other labels."""

    def change() -> None:
        upload = client(server, "cats-upload")
        upload.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=image(77))
        upload.delete_object(Bucket=BUCKET, Key=INPUT + IMAGES[1])
        upload.put_object(Bucket=BUCKET, Key=f"{INPUT}d.jpg", Body=image(4))
        annotate(s3, 0, {"$undefined$": SOURCE + IMAGES[0]}, box("cat"), box("cat"))
        s3.delete_object(Bucket=BUCKET, Key=f"{OUTPUT}1")
        annotate(s3, 4, {"$undefined$": f"{SOURCE}d.jpg"}, box("cat"))
        labelled(monkeypatch, project, LABELLING.replace("cat", "lion"))

    return change


@pytest.mark.parametrize("kind", ["COCO", "YOLO", "VOC", "JSON", "JSON_MIN", "CSV"])
def test_the_same_bytes_whatever_was_changed(
    kind: str, download: Download, change_everything: Callable[[], None], tmp_path: Path
) -> None:
    told = download(kind, "then")
    change_everything()
    assert download(kind, "now").replace("/now,", "/then,").endswith(told[told.index("3 annotations of 3 tasks") :])
    then, now = files(tmp_path / "then"), files(tmp_path / "now")
    assert then == now
    assert image(0) in then.values()
    download(kind, "newest", snapshot=None)
    assert files(tmp_path / "newest") != then


def test_the_same_with_clients_as_the_command_makes_them(
    download: Download, change_everything: Callable[[], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(snapshots, "open_store", open_store)
    download(folder="then")
    change_everything()
    download(folder="now")
    assert files(tmp_path / "then") == files(tmp_path / "now")


def test_a_snapshot_in_another_format_has_the_same_data(
    download: Download, change_everything: Callable[[], None], tmp_path: Path
) -> None:
    download("COCO", "coco")
    change_everything()
    download("YOLO", "yolo")
    names = {f"images/{name}": f"images/{name.replace('/', '__')}" for name in IMAGES}
    coco, yolo = files(tmp_path / "coco"), files(tmp_path / "yolo")
    assert {names[name]: coco[name] for name in names} == {name: yolo[name] for name in names.values()}
    assert yolo["classes.txt"] == b"cat\n"


def test_the_manifest_says_what_the_snapshot_is(download: Download, s3: Any, tmp_path: Path) -> None:
    download()
    found = manifest.Manifest.read(tmp_path / "set" / ".download" / "snapshot.jsonl.gz", "first", "cats")
    assert (found.facts.version, found.facts.label_config, found.facts.bucket) == (1, LABELLING, BUCKET)
    listed = {it["Key"]: it for it in s3.list_object_versions(Bucket=BUCKET, Prefix=INPUT)["Versions"]}
    objects = [*found.objects()]
    assert [it.name for it in objects] == sorted(IMAGES)
    for it in objects:
        assert it.version == listed[INPUT + it.name]["VersionId"] != "null"
        assert it.size == listed[INPUT + it.name]["Size"]
        assert re.fullmatch("[0-9a-f]{64}", it.sha256 or "")
    assert [annotation["id"] for task in found.tasks() for annotation in task["annotations"]] == [0, 1, 2]


def test_what_is_no_snapshot_yet_belongs_to_none(download: Download, s3: Any, tmp_path: Path) -> None:
    """A task with a file that is gone is left out, and so is its other file, at the first time and later."""
    s3.put_object(Bucket=BUCKET, Key=f"{INPUT}sound.wav", Body=b"sound")
    annotate(s3, 5, {"image": f"{SOURCE}gone.jpg", "sound": f"{SOURCE}sound.wav"}, box("cat"))
    assert "1 files of tasks are not in" in download("JSON", "then")
    download("JSON", "now")
    assert files(tmp_path / "then") == files(tmp_path / "now")
    assert "data/sound.wav" not in files(tmp_path / "now")


def never_versioned(s3: Any) -> None:
    """A bucket forgets only with itself that it had versions."""
    for it in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=it["Key"], VersionId=it["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=BUCKET)


def versioning(s3: Any, status: str) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def test_what_was_uploaded_before_versioning_is_kept_while_it_is_on(
    download: Download, s3: Any, tmp_path: Path
) -> None:
    never_versioned(s3)
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=image(0))
    annotate(s3, 0, {"$undefined$": SOURCE + IMAGES[0]}, box("cat"))
    versioning(s3, "Enabled")
    download(folder="then")
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=image(77))
    download(folder="now")
    assert files(tmp_path / "then") == files(tmp_path / "now")
    versioning(s3, "Suspended")
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=image(78))
    with pytest.raises(ProjectError, match=r"a cat\.jpg: its version null is gone for good: somebody deleted it in"):
        download(folder="too late")


@pytest.mark.parametrize("status", [None, "Suspended"])
def test_without_versions_the_reason_is_told(status: str | None, download: Download, s3: Any, tmp_path: Path) -> None:
    if status is None:
        never_versioned(s3)
    else:
        versioning(s3, status)
    expected = f"the bucket {BUCKET} keeps no versions (versioning is {status or 'never enabled'})"
    with pytest.raises(ProjectError, match=re.escape(expected)):
        download()
    assert files(tmp_path / "set") == {}
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{KEPT}first")


def test_what_was_made_with_versions_stays_when_they_are_turned_off(
    download: Download, s3: Any, tmp_path: Path
) -> None:
    download(folder="then")
    versioning(s3, "Suspended")
    s3.put_object(Bucket=BUCKET, Key=INPUT + IMAGES[0], Body=b"another")
    download(folder="now")
    assert files(tmp_path / "then") == files(tmp_path / "now")


def test_who_is_second_gets_the_snapshot_of_who_was_first(
    s3: Any, download: Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both began when there was none: the write of the second one is refused, and changes nothing."""
    write_once = versions.write_once

    def late(store: Store, name: str, file: Path) -> None:
        monkeypatch.setattr(versions, "write_once", write_once)
        download(folder="of the other one")
        annotate(s3, 7, {"$undefined$": SOURCE + IMAGES[0]}, box("cat"))
        write_once(store, name, file)

    monkeypatch.setattr(versions, "write_once", late)
    download(folder="mine")
    assert files(tmp_path / "mine") == files(tmp_path / "of the other one")
    assert len(s3.list_object_versions(Bucket=BUCKET, Prefix=f"{KEPT}first")["Versions"]) == 1


def test_writing_over_a_snapshot_changes_nothing(server: Server, download: Download, tmp_path: Path) -> None:
    download(folder="then")
    key = client(server, "cats-snapshots")
    key.put_object(Bucket=BUCKET, Key=f"{KEPT}first.jsonl.gz", Body=b"mine")
    download(folder="now")
    assert files(tmp_path / "then") == files(tmp_path / "now")


def test_the_key_neither_deletes_nor_reaches_anything_else(server: Server, s3: Any, download: Download) -> None:
    download()
    key = client(server, "cats-snapshots")
    made = s3.list_object_versions(Bucket=BUCKET, Prefix=f"{KEPT}first")["Versions"][0]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("delete_object", {"Key": made["Key"]}),
        ("delete_object", {"Key": made["Key"], "VersionId": made["VersionId"]}),
        ("put_object", {"Key": INPUT + IMAGES[0], "Body": b""}),
        ("delete_object", {"Key": INPUT + IMAGES[0]}),
        ("get_object", {"Key": f"{OUTPUT}0"}),
        ("list_object_versions", {"Prefix": OUTPUT}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
    ]
    for call, arguments in calls:
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(key, call)(Bucket=BUCKET, **arguments)
    for other in ("cats-upload", "cats-source", "cats-target", "cats-export"):
        with pytest.raises(ClientError, match="AccessDenied"):
            client(server, other).get_object(Bucket=BUCKET, Key=made["Key"])


def test_a_version_that_is_gone_for_good_is_named(download: Download, s3: Any) -> None:
    download(folder="then")
    [version] = s3.list_object_versions(Bucket=BUCKET, Prefix=INPUT + IMAGES[1])["Versions"]
    s3.delete_object(Bucket=BUCKET, Key=INPUT + IMAGES[1], VersionId=version["VersionId"])
    with pytest.raises(ProjectError, match=rf"young/b\.png: its version {version['VersionId']} is gone for"):
        download(folder="now")


def test_what_was_changed_here_is_brought_again(download: Download, tmp_path: Path) -> None:
    download()
    file, before = tmp_path / "set" / "images" / IMAGES[0], files(tmp_path / "set")
    content = file.read_bytes()
    file.write_bytes(bytes(len(content)))
    assert "Downloading 1 files" in download()
    assert files(tmp_path / "set") == before


def test_content_with_another_digest_is_refused(download: Download, s3: Any, tmp_path: Path) -> None:
    download()
    made = tmp_path / "set" / ".download" / "snapshot.jsonl.gz"
    found = manifest.Manifest.read(made, "first", "cats")
    wrong = [Listed(it.name, it.size, it.etag, it.version, "0" * 64) for it in found.objects()]
    manifest.write(tmp_path / "wrong", found.facts, wrong, found.tasks())
    s3.put_object(Bucket=BUCKET, Key=f"{KEPT}wrong.jsonl.gz", Body=(tmp_path / "wrong").read_bytes())
    with pytest.raises(ProjectError, match=r"the content of its version .* is not the one of the snapshot \(SHA-256\)"):
        download(folder="other", snapshot="wrong")
    assert files(tmp_path / "other") == {}


def test_a_folder_has_one_snapshot(download: Download) -> None:
    download()
    with pytest.raises(ProjectError, match="set has the project cats, snapshot first as COCO; name another folder in"):
        download(snapshot="second")
    with pytest.raises(ProjectError, match="set has the project cats, snapshot first as COCO; name another folder in"):
        download(snapshot=None)


def test_another_converter_is_told(download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "was made with" not in download(folder="then")
    monkeypatch.setattr(snapshots, "version", lambda _: "99")
    told = download(folder="now")
    assert "the snapshot was made with label-studio-sdk 1." in told
    assert "and label-studio-sdk 99 may write other files of annotations" in told
