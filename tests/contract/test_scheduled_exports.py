"""Scheduled exports inside the released packages of Label Studio, with the keys that a project has in a real MinIO."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.annotation_project.grants import project_grants
from components.annotation_project.job import REFUSED
from components.annotation_project.job.archive import NAME, name_at
from components.annotation_project.scripts import CONVERTER, FILES
from components.annotation_project.settings import ProjectSettings
from components.object_store.policy import policy_document
from tests.contract.label_studio import VERSIONS, package
from tests.contract.minio import REGION, ROOT, Key, Store, minio
from tests.contract.test_download import IMAGES, SOURCE, annotate, image
from tests.contract.test_webhooks import Received, receiver
from tests.unit.projects.test_export import box
from tests.unit.projects.test_settings import LABELLING

BUCKET, PREFIX = "projects", "exports/cats/"
DECLARED = {
    "name": "cats",
    "labelConfig": LABELLING,
    "exports": [{"format": "COCO", "schedule": "@daily"}],
}


def key_of(purpose: str) -> Key:
    return f"cats-{purpose}", f"secret-of-{purpose}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A project with three images, and a box around a cat in each."""
    with minio(tmp_path_factory.mktemp("minio")) as started:
        for grant in project_grants([ProjectSettings.model_validate(DECLARED)], BUCKET):
            policy = json.dumps(policy_document(grant))
            started.grant(key_of(grant.name.removeprefix("cats-")), BUCKET, grant.prefix, policy)
        client = started.client("s3", ROOT)
        for number, name in enumerate(IMAGES):
            client.put_object(Bucket=BUCKET, Key=f"cats/input/{name}", Body=image(number))
            annotate(client, number, {"$undefined$": SOURCE + name}, box("cat"))
        yield started


def run(
    version: str, folder: Path, server: Store, *arguments: str, webhooks: Any = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """The program of the CronJob, with the files that its pod has and nothing else of this project."""
    for name, text in {**{f"job/{file}": text for file, text in FILES.items()}, **mounted()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    place: Mapping[str, Any] = {"bucket": BUCKET, "region": REGION, "endpoint": server.endpoint, "ca": None}
    declaration = {
        "name": "cats",
        "label_config": LABELLING,
        "storages": {
            "source": {"place": {**place, "prefix": "cats/input/"}},
            "target": {"place": {**place, "prefix": "cats/output/"}},
        },
        "archives": {**place, "prefix": PREFIX},
        "webhooks": webhooks,
    }
    (folder / "declaration.json").write_text(json.dumps(declaration))
    scratch = folder / "export"
    scratch.mkdir(exist_ok=True)
    keys = {
        f"{purpose.upper()}_{name}": value
        for purpose in ("export", "source", "archives")
        for name, value in zip(("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"), key_of(purpose), strict=True)
    }
    return subprocess.run(
        [package(version), "-m", "job.export", *arguments, "--folder", str(scratch)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder),
            "HOME": str(folder),
            "TMPDIR": str(scratch),
            "DECLARATION": str(folder / "declaration.json"),
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            **keys,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def mounted() -> dict[str, str]:
    return {file.replace("-", "/", 1): text for file, text in CONVERTER.items()}


def archives(server: Store, folder: str) -> dict[str, zipfile.ZipFile]:
    client = server.client("s3", ROOT)
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}{folder}/").get("Contents", [])
    return {
        item["Key"].rpartition("/")[2]: zipfile.ZipFile(
            io.BytesIO(client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read())
        )
        for item in listed
    }


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return report


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["COCO", "YOLO", "VOC", "CSV", "JSON", "JSON_MIN"])
def test_the_image_of_each_release_writes_each_format(version: str, kind: str, server: Store, tmp_path: Path) -> None:
    report = report_of(run(version, tmp_path, server, kind, "--keep", "1"))
    assert (report["format"], report["annotations"], report["tasks"]) == (kind, 3, 3)
    [(name, archive)] = archives(server, kind).items()
    assert report["object"] == f"s3://{BUCKET}/{PREFIX}{kind}/{name}"
    assert NAME.fullmatch(name)
    assert archive.testzip() is None
    assert archive.namelist()
    if kind == "COCO":
        found = json.loads(archive.read("result.json"))
        assert sorted(it["file_name"] for it in found["images"]) == sorted(IMAGES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["COCO", "YOLO", "JSON"])
def test_data_is_part_of_it_on_demand(version: str, kind: str, server: Store, tmp_path: Path) -> None:
    report = report_of(run(version, tmp_path, server, kind, "--with-data", "--keep", "1"))
    assert report["files"] == 3
    [archive] = archives(server, f"{kind}-with-data").values()
    names = [name.replace("/", "__") for name in IMAGES] if kind == "YOLO" else IMAGES
    folder = "data" if kind == "JSON" else "images"
    assert [archive.read(f"{folder}/{name}") for name in names] == [image(number) for number in range(3)]
    if kind == "YOLO":
        assert "data.yaml" in archive.namelist()


def test_receivers_are_told_with_the_secret_and_old_archives_go(server: Store, tmp_path: Path) -> None:
    client = server.client("s3", ROOT)
    old = ["2025-01-01T000000Z.zip", "2025-01-02T000000Z.zip"]
    for name in (*old, "mine.zip"):
        client.put_object(Bucket=BUCKET, Key=f"{PREFIX}CONLL2003/{name}", Body=b"x")
    client.put_object(Bucket=BUCKET, Key=f"{PREFIX}JSON/{old[0]}", Body=b"x")
    received: Received = []
    with receiver(received) as url:
        hook = {"url": f"{url}/done", "actions": ["EXPORT_DONE"], "header": "X-Token", "variable": "WEBHOOK_0"}
        done = run(VERSIONS[-1], tmp_path, server, "JSON", "--keep", "1", webhooks=[hook], WEBHOOK_0="s3cret")
    report = report_of(done)
    assert "s3cret" not in done.stdout + done.stderr
    [(path, headers, body)] = received
    assert (path, headers["X-Token"]) == ("/done", "s3cret")
    assert body == {"action": "EXPORT_DONE", "project": "cats", **report}
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"]
    names = [item["Key"].removeprefix(PREFIX) for item in listed]
    assert len([name for name in names if name.startswith("JSON/")]) == 1
    assert f"CONLL2003/{old[0]}" in names, "another format's archives are not touched"


def test_a_failure_leaves_nothing_and_has_its_reason(server: Store, tmp_path: Path) -> None:
    done = run(VERSIONS[-1], tmp_path, server, "CONLL2003", "--keep", "7")
    assert done.returncode == REFUSED
    assert done.stderr.splitlines()[-1] == (
        "project cats: export as CONLL2003: what this project labels cannot be written as CONLL2003; "
        "JSON, JSON_MIN and CSV always can"
    )
    client = server.client("s3", ROOT)
    assert "Uploads" not in client.list_multipart_uploads(Bucket=BUCKET)
    wrong = run(VERSIONS[-1], tmp_path, server, "JSON", "--keep", "7", ARCHIVES_ACCESS_KEY_ID=key_of("export")[0],
                ARCHIVES_SECRET_ACCESS_KEY=key_of("export")[1])  # fmt: skip
    assert wrong.returncode == REFUSED
    reason = f"archives: the key may not write to s3://{BUCKET}/{PREFIX}JSON/ at {server.endpoint}"
    assert wrong.stderr.splitlines()[-1] == f"project cats: export as JSON: {reason}"


def test_without_annotations_there_is_no_archive_and_no_failure(server: Store, tmp_path: Path) -> None:
    client = server.client("s3", ROOT)
    keys = [f"cats/output/{number}" for number in range(3)]
    kept = {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
    try:
        for key in keys:
            client.delete_object(Bucket=BUCKET, Key=key)
        report = report_of(run(VERSIONS[-1], tmp_path, server, "VOC", "--with-data", "--keep", "7"))
    finally:
        for key, content in kept.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=content)
    assert (report["object"], report["message"]) == (None, "there are no annotations yet")
    assert archives(server, "VOC-with-data") == {}


def test_names_of_archives_are_in_the_order_of_time() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    assert NAME.fullmatch(name_at(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert name_at(datetime(2026, 1, 2, tzinfo=UTC)) < name_at(datetime(2026, 10, 2, tzinfo=UTC))
