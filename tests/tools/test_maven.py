"""Files of a Maven repository, fetched by a stand-in for Maven's client."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from local import packages
from local.tools import maven
from local.tools.maven import Artifact, FetchError

CONTENT = b"an archive"
ARTIFACT = Artifact("org.example:thing:1.0:jar:linux-x86_64", hashlib.sha256(CONTENT).hexdigest())
CLIENT = """#!/bin/sh
echo "$@" >> {calls}
for each in "$@"; do
    case $each in -DoutputDirectory=*) printf %s '{content}' > "${{each#*=}}/thing-1.0-linux-x86_64.jar" ;; esac
done
"""


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(maven, "TOOLS", tmp_path / "tools")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "tools"


def client(folder: Path, script: str) -> None:
    (folder / "bin/mvn").write_text(script)
    (folder / "bin/mvn").chmod(0o755)


def serving(folder: Path, content: bytes) -> None:
    client(folder, CLIENT.format(calls=folder / "calls", content=content.decode()))


def test_a_file_is_fetched_once(tmp_path: Path, tools: Path) -> None:
    serving(tmp_path, CONTENT)
    path = ARTIFACT.file()
    assert path.read_bytes() == CONTENT
    assert ARTIFACT.file() == path
    assert [ARTIFACT.coordinates in line for line in (tmp_path / "calls").read_text().splitlines()] == [True]
    assert [*tools.iterdir()] == [path]


def test_another_content_is_refused_and_not_kept(tmp_path: Path, tools: Path) -> None:
    serving(tmp_path, b"something else")
    with pytest.raises(FetchError, match=rf"SHA-256 \w{{64}}, not {ARTIFACT.sha256}"):
        ARTIFACT.file()
    assert [*tools.iterdir()] == []
    serving(tmp_path, CONTENT)
    assert ARTIFACT.file().read_bytes() == CONTENT


def test_what_maven_says_is_passed_on(tmp_path: Path, tools: Path) -> None:
    client(tmp_path, "#!/bin/sh\necho Could not transfer >&2\nexit 1\n")
    with pytest.raises(FetchError, match=r"(?s)^mvn .*failed:.*Could not transfer"):
        ARTIFACT.file()
    assert [*tools.iterdir()] == []


def test_a_digest_that_changed_is_another_file(tmp_path: Path) -> None:
    serving(tmp_path, CONTENT)
    former = ARTIFACT.file()
    serving(tmp_path, b"repaired")
    repaired = Artifact(ARTIFACT.coordinates, hashlib.sha256(b"repaired").hexdigest()).file()
    assert (former.read_bytes(), repaired.read_bytes()) == (CONTENT, b"repaired")


def test_maven_is_installed_when_something_must_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []
    monkeypatch.setattr(packages, "install", asked.append)
    serving(tmp_path, CONTENT)
    ARTIFACT.file()
    ARTIFACT.file()
    assert asked == [{"mvn": "maven"}]
