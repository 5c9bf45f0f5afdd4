"""Each version is decided in one place: a literal elsewhere would be forgotten at the next bump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.label_studio.chart_settings import UpstreamChart
from components.settings.images import NEWEST, OLDEST, ImageSettings
from local.images.catalog import REFERENCES
from local.tools.build import VARIABLES
from scripts import plugin_arguments, versions
from tests.unit.stack_files import PROJECT

PLACES = {
    "components/settings/images.py": {NEWEST, OLDEST, *(str(image) for image in ImageSettings().model_dump().values())},
    "components/label_studio/chart_settings.py": {str(UpstreamChart(flavour="upstream").version)},
    # The version of the model of the tests is nobody else's.
    "local/images/catalog.py": {*REFERENCES.values()} - {REFERENCES["sizes"]},
    "local/tools/build.py": {value for each in VARIABLES.values() for value in each.values()},
}
# A number such as 34 is in too many texts, and a short one is no literal that somebody forgets.
VERSION = re.compile(r"\d+\.\d+\.\d+|RELEASE\.[\w-]+|\d+\.\d+-\w+")
MADE = {path.relative_to(PROJECT).as_posix() for path in (plugin_arguments.PAGE, *dict(versions.written()))}
FOLDERS = ("components", "policies", "cli", "pulumi_plugin", "scripts", "local", "bench", "drills", ".github")
SUFFIXES = {".py", ".yml", ".yaml", ".sh", ".mk"}


def decided() -> dict[str, str]:
    """Versions, and the file that decides on each."""
    found: dict[str, str] = {}
    for place, values in PLACES.items():
        for value in values:
            for version in VERSION.findall(value.partition("@")[0]):
                found.setdefault(version, place)
    return found


def texts(path: Path) -> Iterator[str]:
    """What a file says to programs: its lines without comments and docstrings, which may tell of any version."""
    text = re.sub(r'"""[\s\S]*?"""', "", path.read_text()) if path.suffix == ".py" else path.read_text()
    yield from (line.partition("#")[0] for line in text.splitlines())


def product() -> list[Path]:
    files = [path for folder in FOLDERS for path in (PROJECT / folder).rglob("*") if path.suffix in SUFFIXES]
    return [*files, *PROJECT.glob("*.py"), *PROJECT.glob("*.mk"), PROJECT / "Makefile"]


def literals() -> Iterator[str]:
    places = decided()
    for path in product():
        name = path.relative_to(PROJECT).as_posix()
        for text in texts(path):
            for version in VERSION.findall(text):
                if version in places and name not in {places[version], *MADE}:
                    yield f"{name}: {version} is decided in {places[version]}"


def test_each_version_is_written_once() -> None:
    assert len(decided()) > 12
    assert sorted(literals()) == []


def test_a_literal_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLACES, "components/settings/images.py", {"9.9.9"})
    monkeypatch.setitem(PLACES, "local/tools/build.py", {"3.11.0"})
    file = PROJECT / "components" / "redis" / "settings.py"
    monkeypatch.setattr(Path, "read_text", lambda path: '"""9.9.9"""\nimage = "a:9.9.9"' if path == file else "")
    assert list(literals()) == ["components/redis/settings.py: 9.9.9 is decided in components/settings/images.py"]


@pytest.mark.parametrize(("path", "render"), list(versions.written()), ids=lambda value: getattr(value, "name", ""))
def test_what_other_programs_read_is_fresh(path: Path, render: object) -> None:
    assert callable(render)
    assert path.read_text() == render(), "run make reference"
