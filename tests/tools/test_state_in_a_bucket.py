"""Pulumi keeps its state where docs/state.md says: in a bucket of a server other than Amazon's, over TLS."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import BotoCoreError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from local.tools.build import tool
from tests.e2e.certificates import issue
from tests.pages import blocks

KEY, SECRET = "operator", "a-long-enough-secret"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Host and port of a MinIO with a certificate, whose authority is in ca.crt."""
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    issued = issue("127.0.0.1", tmp_path)
    issued.certificate.rename(certificates / "public.crt")
    issued.key.rename(certificates / "private.key")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [str(tool("minio")), "server", "--quiet", "--address", address]
    command += ["--certs-dir", str(certificates), str(tmp_path / "data")]
    environment = {**os.environ, "MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "MINIO_BROWSER": "off"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as running:
        yield address
        running.terminate()


@retry(retry=retry_if_exception_type(BotoCoreError), stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
def make_bucket(client: Any, name: str) -> None:
    client.create_bucket(Bucket=name)


def test_a_stack_lives_in_the_bucket(server: str, tmp_path: Path) -> None:
    page = "".join(block.text for block in blocks("console", page="state"))
    [url] = re.findall(r"'(s3://\S+endpoint=\S+)'", page)
    client = boto3.client(
        "s3",
        endpoint_url=f"https://{server}",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        verify=str(tmp_path / "ca.crt"),
    )
    make_bucket(client, "pulumi-state")
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "label-studio", "runtime": "python"}))
    environment = {
        **os.environ,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_CA_BUNDLE": str(tmp_path / "ca.crt"),
    }
    for command in (
        ["login", url.replace("s3.example.com", server)],
        ["stack", "init", "staging", "--non-interactive"],
    ):
        done = subprocess.run(
            [tool("pulumi"), *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    keys = [found["Key"] for found in client.list_objects_v2(Bucket="pulumi-state")["Contents"]]
    assert ".pulumi/stacks/label-studio/staging.json" in keys
