"""Label Studio's released packages, with what they depend on as their images have it, outside of any container."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from components.label_studio import mounts
from components.settings.images import OLDEST
from local.images.catalog import PYTHON
from local.images.recipes import exclusively
from local.images.sandbox import HERE
from local.paths import CACHE

VERSIONS = ("1.20.0", "1.23.2")
PROBES = Path(__file__).with_name("probes")


def package(version: str) -> Path:
    """The Python that imports this release; installed from its image's lock file the first time (1 GB, a minute)."""
    requirements = HERE / "label-studio" / f"requirements-{version}.txt"
    return installed(requirements, CACHE / "label-studio" / version, _python() if version == OLDEST else None)


def _python() -> Path:
    """That of the oldest release's image, in a copy that may be compiled; its libraries are those of Debian 12."""
    recipe = PYTHON[OLDEST]
    home = CACHE / "label-studio" / f"python-{recipe.key[:12]}"
    with exclusively():
        if not home.exists():
            recipe.layers()
            partial = home.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(recipe.tree / "usr/local", partial, symlinks=True)
            partial.rename(home)
    return home / "bin" / "python3"


def installed(requirements: Path, place: Path, interpreter: Path | None = None) -> Path:
    """The Python with the packages of a lock file, by default this one, kept at ``place`` with the digest of both."""
    digest = hashlib.sha256(requirements.read_bytes() + str(interpreter or sys.version).encode()).hexdigest()[:12]
    folder = place.with_name(f"{place.name}-{digest}")
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        uv, chosen = find_uv_bin(), interpreter or sys.executable
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", chosen, folder], check=True)
        subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", requirements], check=True)
        complete.touch()
    return python


def probe(version: str, name: str, folder: Path, question: Any, **environment: str) -> Any:
    """What a program of ``probes`` answers inside the release, with the files that its containers are given."""
    finished = _run(version, PROBES / f"{name}.py", folder, environment, json.dumps(question))
    assert finished.returncode == 0, finished.stderr[-4000:]
    return json.loads(finished.stdout.splitlines()[-1])


def run_mounted(version: str, file: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A file of the settings directory, run inside the release as a Job runs it."""
    return _run(version, folder / "settings" / file, folder, environment)


def _run(
    version: str, program: Path, folder: Path, environment: Mapping[str, str], given: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [package(version), program],
        env={**_environment(version, folder), **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def served(version: str, folder: Path, project: Mapping[str, Any], **environment: str) -> Iterator[Any]:
    """The release with a database of its own behind a port, with this project; what ``probes/page.py`` says of it."""
    log = folder / "page.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [package(version), PROBES / "page.py"],
            env={**_environment(version, folder), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(project) + "\n")
            process.stdin.flush()
            said = next((line for line in process.stdout if line.startswith("{")), None)
            assert said, log.read_text()[-4000:]
            yield json.loads(said)
        finally:
            process.kill()


def _environment(version: str, folder: Path) -> Mapping[str, str]:
    [packages] = (package(version).parents[1] / "lib").glob("python3.*/site-packages")
    files = folder / "settings"
    files.mkdir(exist_ok=True)
    for file, text in mounts.SETTINGS_FILES.items():
        (files / file).write_text(text)
    return {
        "PYTHONPATH": os.pathsep.join([str(files), f"{packages}/label_studio"]),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        # Circuit breakers are files there.
        "TMPDIR": str(folder),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": mounts.SETTINGS_MODULE,
        "DJANGO_DB": "sqlite",
        "SECRET_KEY": "key",
        "APP_WEBSERVER": "uwsgi",
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LOG_LEVEL": "CRITICAL",
        "SSRF_PROTECTION_ENABLED": "true",
    }
