"""Fetch a file of a Maven repository once, keep it in the cache, and hand out its path.

Maven's own client fetches it, from where its settings on this machine say; the digest here vouches for what it brings.
"""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from local import packages
from local.paths import TOOLS
from local.progress import step

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


class FetchError(RuntimeError):
    """Maven failed, or brought another file; the message ends with what it printed last."""


@dataclass(frozen=True)
class Artifact:
    """A file by its coordinates, ``group:name:version:type:classifier``, and the SHA-256 of its content."""

    coordinates: str
    sha256: str

    def file(self) -> Path:
        """Where the file is, fetched now if it is not in the cache (seconds).

        Raises:
            FetchError: it cannot be had, or is not the one of the digest.
            PackageError: Maven is not there and cannot be installed.
        """
        _, name, version, kind, classifier = self.coordinates.split(":")
        path = TOOLS / f"{name}-{self.sha256[:12]}.{kind}"
        if not path.exists():
            packages.install({"mvn": "maven"})
            TOOLS.mkdir(parents=True, exist_ok=True)
            with step(f"Fetching {self.coordinates}"), TemporaryDirectory(dir=TOOLS) as folder:
                _run("mvn", "-B", "-q", _COPY, f"-Dartifact={self.coordinates}", f"-DoutputDirectory={folder}")
                fetched = Path(folder) / f"{name}-{version}-{classifier}.{kind}"
                self._verify(fetched)
                fetched.rename(path)
        return path

    def _verify(self, fetched: Path) -> None:
        found = hashlib.sha256(fetched.read_bytes()).hexdigest()
        if found != self.sha256:
            raise FetchError(f"Maven's {self.coordinates} has the SHA-256 {found}, not {self.sha256}")


def _run(*command: str) -> None:
    finished = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if finished.returncode != 0:
        raise FetchError(f"{' '.join(command)} failed:\n{finished.stdout[-2000:]}")
