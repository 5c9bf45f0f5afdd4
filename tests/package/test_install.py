"""`make install` and `pulumi install` take what the locks name, whatever the index has and whichever pip begins."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# The pips that come with Debian 12 and with CPython 3.11.7. Both resolve an extra of a locked package anew.
STOCK_PIPS = ("23.0.1", "23.2.1")


class Index:
    """A package index in a folder, in the layout of the simple repository API."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, version: str, *metadata: str) -> str:
        """Publish a wheel that holds nothing; its line in a lock."""
        information = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": "",
            f"{information}/METADATA": "\n".join(
                ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata, ""]
            ),
            f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
        path = self.folder / name / f"{name}-{version}-py3-none-any.whl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as wheel:
            for entry, text in {**files, f"{information}/RECORD": f"{record}{information}/RECORD,,\n"}.items():
                wheel.writestr(entry, text)
        return _locked(name, version, path)

    def take(self, name: str, version: str) -> str:
        """Publish a wheel of the machine's own index; its line in a lock."""
        folder = self.folder / name
        command = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", *command, f"{name}=={version}"], check=True)
        return _locked(name, version, next(folder.glob(f"{name}-{version}-*.whl")))


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _locked(name: str, version: str, wheel: Path) -> str:
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return Index(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def lock(index: Index) -> str:
    """The lock of a program that needs an extra of ``typed``, of which the index then gets a newer version."""
    lines = [
        index.add("program", "1.0", "Requires-Dist: typed[email]<3"),
        index.add("typed", "1.0", "Provides-Extra: email", "Requires-Dist: validator; extra == 'email'"),
        index.add("validator", "1.0"),
        *(index.take(name, _version(name)) for name in ("pip", "setuptools", "wheel", "packaging")),
    ]
    index.add("typed", "1.1", "Provides-Extra: email", "Requires-Dist: validator; extra == 'email'")
    return "".join(lines)


def _version(name: str) -> str:
    """What the lock of this project has."""
    found = re.search(rf"^{name}==(\S+)", (PROJECT / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert found, f"requirements-dev.txt does not name {name}"
    return found[1]


@pytest.fixture(scope="module")
def environment(index: Index) -> Iterator[dict[str, str]]:
    """The index on loopback, as the only one that pip knows."""
    handler = functools.partial(_Quiet, directory=str(index.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        yield {**inherited, "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/", "PIP_CONFIG_FILE": os.devnull}
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Nothing: pip says what it asked for."""


@pytest.fixture(params=STOCK_PIPS)
def python(request: pytest.FixtureRequest, index: Index, tmp_path: Path) -> Path:
    """An interpreter whose new environments begin with that pip."""
    index.take("pip", request.param)
    wheel = next((index.folder / "pip").glob(f"pip-{request.param}-*.whl"))
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\n"{sys.executable}" "$@" || exit\n'
        f'[ "$2" != venv ] || "{tmp_path}/checkout/.venv/bin/python" -m pip install --quiet --no-index "{wheel}"\n'
    )
    script.chmod(0o755)
    return script


@pytest.fixture
def checkout(tmp_path: Path, lock: str) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", "docs.mk"):
        shutil.copy(PROJECT / name, folder)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (folder / name).write_text(lock)
    return folder


def installed(checkout: Path) -> dict[str, str]:
    command = [str(checkout / ".venv/bin/python"), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {each["name"]: each["version"] for each in json.loads(printed)}


def locked(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+)==(\S+)", lock, re.MULTILINE))


def test_make_install_takes_what_the_lock_names_and_nothing_else(
    checkout: Path, python: Path, environment: dict[str, str], lock: str
) -> None:
    command = ["make", "install", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert installed(checkout) == locked(lock)
    subprocess.run([checkout / ".venv/bin/python", "-m", "pip", "check"], check=True)


def test_what_the_lock_no_longer_names_goes(checkout: Path, environment: dict[str, str], lock: str) -> None:
    command = ["make", "install", f"PYTHON={sys.executable}"]
    subprocess.run(command, cwd=checkout, env=environment, check=True)
    shorter = lock[lock.index("typed==") :]
    (checkout / "requirements-dev.txt").write_text(shorter)
    subprocess.run(command, cwd=checkout, env=environment, check=True)
    assert installed(checkout) == locked(shorter)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_each_lock_names_the_installers(name: str) -> None:
    """`pulumi install` begins with the newest pip, setuptools and wheel; the lock brings them back to its own."""
    assert {"pip", "setuptools", "wheel"} <= locked((PROJECT / name).read_text()).keys()
