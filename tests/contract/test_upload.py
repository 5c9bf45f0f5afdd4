"""Uploads to a real S3 server: what is there stays, what is large goes in parts, and a server may be away meanwhile."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli import upload
from cli.errors import ProjectError
from cli.stack import Place
from cli.store import Store
from tests.contract.minio import REGION, ROOT, free_port, minio
from tests.contract.minio import Store as Server

BUCKET = "data"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with minio(tmp_path_factory.mktemp("minio")) as started:
        started.client("s3", ROOT).create_bucket(Bucket=BUCKET)
        yield started


@pytest.fixture
def store(server: Server, tmp_path: Path) -> Store:
    keys = {"access_key_id": None, "secret_access_key": None, "session_token": None, "ca": None}
    place = Place(bucket=BUCKET, prefix=f"{tmp_path.name}/", region=REGION, endpoint=server.endpoint, **keys)
    return Store(server.client("s3", ROOT), place)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    (files / "more").mkdir(parents=True)
    (files / "empty.txt").touch()
    (files / "a cat & a dog + ümlaut.jpg").write_bytes(b"picture")
    (files / "more" / "two.png").write_bytes(os.urandom(upload.PART))
    (files / "parts.wav").write_bytes(os.urandom(2 * upload.PART + 1))
    return files


def read(store: Store, folder: Path) -> upload.Folder:
    files = [(file, file.relative_to(folder).as_posix()) for file in sorted(folder.rglob("*")) if file.is_file()]
    return upload.Folder.read(store, files)


def names(sources: list[upload.Source]) -> set[str]:
    return {source.name for source in sources}


def test_everything_once_then_only_what_changed(store: Store, folder: Path) -> None:
    there, missing = read(store, folder).divided()
    assert (len(there), len(missing)) == (0, 4)
    counted: list[int] = []
    upload.upload(store, missing, counted.append)
    assert sum(counted) == sum(source.size for source in missing)
    for source in missing:
        answer = store.client.get_object(Bucket=BUCKET, Key=store.place.prefix + source.name)
        assert answer["Body"].read() == source.path.read_bytes(), source.name
    assert store.client.head_object(Bucket=BUCKET, Key=f"{store.place.prefix}parts.wav")["ContentType"] == "audio/x-wav"

    there, missing = read(store, folder).divided()
    assert (len(there), len(missing)) == (4, 0)

    # The same size, another content.
    (folder / "a cat & a dog + ümlaut.jpg").write_bytes(b"PICTURE")
    content = bytearray((folder / "parts.wav").read_bytes())
    content[-1] ^= 1
    (folder / "parts.wav").write_bytes(content)
    there, missing = read(store, folder).divided()
    assert names(missing) == {"a cat & a dog + ümlaut.jpg", "parts.wav"}


def test_only_what_was_uploaded_is_deleted(store: Store, folder: Path) -> None:
    upload.upload(store, read(store, folder).divided()[1], lambda _: None)
    store.client.put_object(Bucket=BUCKET, Key=f"{store.place.prefix}of-others.txt", Body=b"theirs")
    (folder / "empty.txt").write_text("changed here since")
    there, missing = read(store, folder).divided()
    upload.delete(store, there, lambda _: None)
    assert names(missing) == {"empty.txt"}
    assert set(store.objects()) == {"empty.txt", "of-others.txt"}


def test_a_server_may_be_away_for_a_while(store: Store, server: Server, folder: Path) -> None:
    """For three seconds each connection is closed without an answer, as the tunnel does while no pod is ready."""
    port = free_port()
    host, target = server.address.split(":")

    def serve(listener: socket.socket) -> None:
        ready = time.monotonic() + 3
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if time.monotonic() < ready:
                connection.close()
                continue
            remote = socket.create_connection((host, int(target)))
            for ends in ((connection, remote), (remote, connection)):
                threading.Thread(target=copy, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        address = replace(server, address=f"127.0.0.1:{port}")
        through = Store(address.client("s3", ROOT), store.place)
        small = [source for source in read(store, folder).sources if source.size <= upload.PART]
        upload.upload(through, small, lambda _: None)
    assert set(store.objects()) == names(small)


def copy(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def test_a_refusal_names_the_file(store: Store, folder: Path) -> None:
    nowhere = Store(store.client, replace(store.place, bucket="no-such-bucket"))
    sources = read(store, folder).sources
    with pytest.raises(ProjectError, match=r"empty\.txt: the store refuses it: 404"):
        upload.upload(nowhere, [source for source in sources if source.name == "empty.txt"], lambda _: None)
