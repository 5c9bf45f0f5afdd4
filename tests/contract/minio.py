"""A real MinIO of the embedded platform on the loopback, with its client."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from tenacity import retry, stop_after_delay, wait_fixed

from components.object_store.store import GRANT_SCRIPT, RETIRE_SCRIPT
from local.tools.build import tool

ROOT = ("root", "root-password")
REGION = "us-east-1"
Key = tuple[str, str]


@dataclass(frozen=True)
class Store:
    """A server at ``address``; ``folder`` keeps what its clients write."""

    address: str
    folder: Path

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}"

    def client(self, service: str, key: Key, token: str | None = None) -> Any:
        """A client of boto3, which asks once."""
        config = Config(signature_version="s3v4", retries={"total_max_attempts": 1})
        session = boto3.Session(*key, token, REGION)
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def mc(self, key: Key, *arguments: str, standard_input: str = "") -> subprocess.CompletedProcess[str]:
        """Run MinIO's client as the owner of a key, which it knows as ``store``."""
        identifier, secret = key
        environment = {
            "MC_HOST_store": f"http://{identifier}:{secret}@{self.address}",
            "MC_CONFIG_DIR": str(self.folder),
        }
        return subprocess.run(
            [tool("mc"), *arguments],
            env={**os.environ, **environment},
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def grant(self, key: Key, bucket: str, prefix: str, policy: str, *, versioning: bool = False) -> None:
        """Make bucket, folder, policy and user as the set-up job does, by its own script."""
        self._run(
            GRANT_SCRIPT,
            REGION=REGION,
            VERSIONING="true" if versioning else "false",
            KEYS="0",
            ACCESS_KEY_0=key[0],
            SECRET_KEY_0=key[1],
            BUCKET_0=bucket,
            PREFIX_0=prefix,
            LISTABLE_0="true" if '"s3:ListBucket"' in policy else "false",
            POLICY_NAME_0=key[0],
            POLICY_0=policy,
        )

    def retire(self, store: str, *kept: str) -> str:
        """Remove all keys of a store but these, by the script of the job that does so; what it printed."""
        return self._run(RETIRE_SCRIPT, STORE=store, KEPT_USERS=" ".join(kept))

    def _run(self, script: str, **variables: str) -> str:
        commands = self.folder / "bin"
        commands.mkdir(exist_ok=True)
        (commands / "mc").unlink(missing_ok=True)
        (commands / "mc").symlink_to(tool("mc"))
        environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "MC_CONFIG_DIR": str(self.folder),
            "SCHEME": "http",
            "ADDRESS": self.address,
            "ROOT_USER": ROOT[0],
            "ROOT_PASSWORD": ROOT[1],
            **variables,
        }
        done = subprocess.run(
            ["/bin/sh", "-c", script.replace("$$", "$").replace("/tmp/", f"{self.folder}/")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def free_port() -> int:
    """A port of the loopback that nobody listens to at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def minio(folder: Path, **environment: str) -> Iterator[Store]:
    """A server with an empty volume, which ends with the block."""
    address = f"127.0.0.1:{free_port()}"
    data, clients = folder / "data", folder / "clients"
    clients.mkdir()
    root = {"MINIO_ROOT_USER": ROOT[0], "MINIO_ROOT_PASSWORD": ROOT[1], "MINIO_BROWSER": "off", "HOME": str(folder)}
    command = [tool("minio"), "server", str(data), "--address", address, "--quiet"]
    with (folder / "log").open("w") as log, _process(command, {**os.environ, **root, **environment}, log) as server:
        store = Store(address, clients)
        _await(store, server, folder / "log")
        yield store


@contextmanager
def _process(command: list[Any], environment: Mapping[str, str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.terminate()


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)
def _await(store: Store, server: subprocess.Popen[bytes], log: Path) -> None:
    assert server.poll() is None, log.read_text()
    store.client("s3", ROOT).list_buckets()
