"""What docs/s3-clients.md tells people to type, at a real MinIO with the key that a project's people have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.annotation_project.grants import bucket_grants
from components.object_store.policy import policy_document
from local.paths import CACHE
from local.tools.build import tool
from tests.contract.label_studio import installed
from tests.contract.minio import ROOT, Store, minio
from tests.pages import Block, blocks

PAGE = "s3-clients"
BUCKET, PREFIX = "label-studio-projects", "cats-and-dogs/input/"
SECRET = "label-studio-store-cats-and-dogs-upload"
KEY = (SECRET, "a-secret-of-32-characters-or-more")
# Answers as the cluster does, for that Secret and no other.
KUBECTL = f"""#!/bin/sh
case "$*" in
  "--namespace label-studio get secret {SECRET} --output go-template="*access-key*) printf %s '{KEY[0]}' ;;
  "--namespace label-studio get secret {SECRET} --output go-template="*secret-key*) printf %s '{KEY[1]}' ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""
FILES = {"one.png": b"1", "more/two two.jpg": b"22"}
[SETUP, *RECIPES] = blocks("sh", page=PAGE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with minio(tmp_path_factory.mktemp("minio")) as started:
        [upload] = [it for it in bucket_grants("cats-and-dogs", "source", BUCKET, PREFIX) if it.name.endswith("upload")]
        started.grant(KEY, BUCKET, PREFIX, json.dumps(policy_document(upload)))
        yield started


@pytest.mark.parametrize("recipe", RECIPES, ids=["mc", "aws", "boto3"])
def test_a_folder_arrives_and_a_second_time_does_nothing(recipe: Block, server: Store, tmp_path: Path) -> None:
    s3 = server.client("s3", ROOT)
    for name, content in FILES.items():
        file = tmp_path / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "kubectl").write_text(KUBECTL)
    (commands / "kubectl").chmod(0o755)
    (commands / "mc").symlink_to(tool("mc"))
    (commands / "python3").symlink_to(sys.executable)
    aws = installed(Path(__file__).with_name("clients") / "requirements.txt", CACHE / "clients").with_name("aws")
    (commands / "aws").symlink_to(aws)
    script = f"{SETUP.text}\n{recipe.text}".replace("127.0.0.1:9000", server.address)

    def run() -> dict[str, object]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={
                "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "MC_CONFIG_DIR": str(tmp_path / "mc"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"]
        return {item["Key"]: item["LastModified"] for item in listed if not item["Key"].endswith("/")}

    first = run()
    assert {key.removeprefix(PREFIX): s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in first} == FILES
    assert run() == first
    for key in first:
        s3.delete_object(Bucket=BUCKET, Key=key)
