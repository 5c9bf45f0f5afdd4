"""The files of a volume on their way to a real S3 server, by the boto3 that pods of each release have."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.stack import SecretKey
from cli.volume import SCRIPT, place_of
from tests.contract.label_studio import VERSIONS, package
from tests.contract.minio import REGION, ROOT, minio

BUCKET, PREFIX = "label-studio", "uploads/"
FILES = {"upload/1/a cat & a dog + ümlaut.png": b"pixel", "avatars/me.jpg": b"face", "export/1.json": b"[]"}
LARGE = "upload/2/film.mp4"


def run(version: str, given: dict[str, Any], data: Path) -> dict[str, int]:
    """What the script says in the Python of a release, whose data are in a folder."""
    finished = subprocess.run(
        [package(version), "-c", SCRIPT],
        env={"PATH": os.environ["PATH"], "LABEL_STUDIO_BASE_DATA_DIR": str(data)},
        input=f"{json.dumps(given)}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    said: dict[str, int] = json.loads(finished.stdout)
    return said


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_is_copied_once_and_nothing_is_deleted(version: str, tmp_path: Path) -> None:
    media = tmp_path / "data" / "media"
    contents = {**FILES, LARGE: os.urandom(9 << 20)}
    for name, content in contents.items():
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        (media / name).write_bytes(content)
    (tmp_path / "store").mkdir()
    with minio(tmp_path / "store") as store:
        client = store.client("s3", ROOT)
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key=f"{PREFIX}upload/9/of the bucket.txt", Body=b"stays")
        # Another file of the same size.
        client.put_object(Bucket=BUCKET, Key=f"{PREFIX}avatars/me.jpg", Body=b"FACE")
        identifier, secret = ROOT
        keys = {"aws_access_key_id": identifier, "aws_secret_access_key": secret}
        at = {"endpoint_url": store.endpoint, "region_name": REGION, **keys}
        given = {"bucket": BUCKET, "prefix": PREFIX, "ca": None, "client": at}
        assert run(version, given, tmp_path / "data") == {"files": 4, "copied": 4}
        assert run(version, given, tmp_path / "data") == {"files": 4, "copied": 0}
        found = client.list_objects_v2(Bucket=BUCKET)["Contents"]
        read = {each["Key"]: client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}
    wanted = {f"{PREFIX}{name}": content for name, content in contents.items()}
    assert read == {**wanted, f"{PREFIX}upload/9/of the bucket.txt": b"stays"}
    assert {name: (media / name).read_bytes() for name in contents} == contents


def test_the_bucket_of_a_stack_that_an_earlier_release_made() -> None:
    place = place_of({"endpoint": "http://s3", "bucket": "b", "prefix": "", "keySecret": {"name": "s", "key": "k"}})
    assert (place.endpoint, place.bucket) == ("http://s3", "b")
    assert (place.access_key_id, place.secret_access_key) == (
        SecretKey("s", "access-key"),
        SecretKey("s", "secret-key"),
    )
