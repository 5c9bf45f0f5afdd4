"""`make upload` of many small files, against MinIO's client through `kubectl port-forward`.

Both send the same files to the uploads bucket of the stack that `make up` serves, with the same key, in turn.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.variants import NAMESPACE, RELEASE
from cli.cluster import Cluster
from cli.stack import Place, SecretKey
from cli.store import open_store
from cli.upload import Folder, delete, upload
from local.cluster.api import Api
from local.paths import CONTEXT, KUBECONFIG
from local.tools.build import tool

FILES = 2000
BYTES = range(22_000, 34_000)
ROUNDS = 3
PREFIX = "bench/"
KEY = f"{RELEASE}-store-uploads"


def measure(_: Api) -> Iterator[str]:
    """One line with both rates and their ratio."""
    os.environ["KUBECONFIG"] = str(KUBECONFIG)
    cluster = Cluster(CONTEXT, NAMESPACE)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        files = list(_files(Path(folder)))
        for _round in range(ROUNDS):
            ours.append(_upload(cluster, files))
            theirs.append(_copy(cluster, Path(folder)))
    ratios = [second / first for first, second in zip(ours, theirs, strict=True)]
    yield (
        f"upload of {FILES} files of 22 to 34 kB: make upload {FILES / statistics.median(ours):.0f}/s, mc through "
        f"kubectl port-forward {FILES / statistics.median(theirs):.0f}/s, ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds)"
    )


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for number in range(FILES):
        file = folder / f"{number:05}.jpg"
        file.write_bytes(random.randbytes(random.choice(BYTES)))
        yield file, file.name


def place() -> Place:
    """The files of this measurement, in the uploads bucket."""
    identifier, secret = SecretKey(KEY, "access-key"), SecretKey(KEY, "secret-key")
    endpoint = f"http://{RELEASE}-store.{NAMESPACE}.svc.cluster.local:9000"
    return Place("label-studio", PREFIX, "us-east-1", endpoint, identifier, secret, None, None)


def _upload(cluster: Cluster, files: list[tuple[Path, str]]) -> float:
    began = time.monotonic()
    with open_store(cluster, place()) as store:
        upload(store, Folder.read(store, files).divided()[1], lambda _: None)
    seconds = time.monotonic() - began
    _clear(cluster, files)
    return seconds


def _copy(cluster: Cluster, folder: Path) -> float:
    keys = (SecretKey(KEY, "access-key"), SecretKey(KEY, "secret-key"))
    identifier, secret = map(cluster.secret, keys)
    began = time.monotonic()
    with _port() as port, tempfile.TemporaryDirectory() as settings:
        environment = {"MC_HOST_store": f"http://{identifier}:{secret}@127.0.0.1:{port}", "MC_CONFIG_DIR": settings}
        command = [str(tool("mc")), "cp", "--quiet", "--recursive", f"{folder}/", f"store/label-studio/{PREFIX}"]
        subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True)
    seconds = time.monotonic() - began
    _clear(cluster, [(file, file.name) for file in folder.iterdir()])
    return seconds


@contextmanager
def _port() -> Iterator[int]:
    command = [str(tool("kubectl")), "--context", CONTEXT, "--namespace", NAMESPACE, "port-forward"]
    with subprocess.Popen(
        [*command, f"service/{RELEASE}-store", ":9000"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found, "kubectl has opened no port"
        try:
            yield int(found[1])
        finally:
            process.terminate()


def _clear(cluster: Cluster, files: list[tuple[Path, str]]) -> None:
    with open_store(cluster, place()) as store:
        delete(store, Folder.read(store, files).sources, lambda _: None)
