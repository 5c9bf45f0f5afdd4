"""helm shows the version of Label Studio that the image has: the release's chart says it, whatever the image is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.label_studio import embedded_chart
from components.label_studio.embedded_chart import EMBEDDED_CHART, chart_for
from components.stack.compose import compose
from components.stack.settings import Settings
from tests.unit.label_studio.arguments import arguments, program
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import PROJECT

DIGEST = "sha256:" + "0123456789abcdef" * 4
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a program, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(chart: str) -> str:
    return str(yaml.safe_load(Path(chart, "Chart.yaml").read_text())["appVersion"])


def files(chart: Path) -> dict[str, bytes]:
    return {str(path.relative_to(chart)): path.read_bytes() for path in chart.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.io/heartexlabs/label-studio:1.22.0", "1.22.0"),
        (f"docker.io/heartexlabs/label-studio:1.23.2@{DIGEST}", "1.23.2"),
        ("registry.example.com:5000/mirror/label-studio:20260101.develop-x", "20260101.develop-x"),
        (f"registry.example.com:5000/mirror/label-studio@{DIGEST}", "sha256-" + ("0123456789abcdef" * 4)[:56]),
        ("docker.io/heartexlabs/label-studio:_" + 70 * "a", 62 * "a"),
    ],
)
def test_the_release_says_the_version_of_its_image(image: str, version: str) -> None:
    assert said(program(arguments(image=image)).one(RELEASE).inputs["chart"]) == version


def test_a_stack_that_names_no_image_takes_the_chart_as_it_is(folder: Path) -> None:
    config = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())["config"]
    given = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("label-studio:")}
    settings = Settings.model_validate({**given, "projects": []})
    chart = run_program(lambda: compose(settings)).one(RELEASE).inputs["chart"]
    assert (folder / chart).resolve() == EMBEDDED_CHART


def test_a_chart_of_the_version_is_taken_as_it_is(folder: Path) -> None:
    chart = chart_for(f"docker.io/heartexlabs/label-studio:{said(str(EMBEDDED_CHART))}")
    assert (folder / chart).resolve() == EMBEDDED_CHART
    assert not list(folder.iterdir())


def test_a_copy_differs_in_the_version_alone() -> None:
    copy, original = files(Path(chart_for("docker.io/x/label-studio:9.9.9"))), files(EMBEDDED_CHART)
    assert copy.keys() == original.keys()
    assert {name for name in copy if copy[name] != original[name]} == {"Chart.yaml"}


def test_a_copy_is_made_once_and_anew_when_the_chart_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = "docker.io/x/label-studio:9.9.9"
    before, again = chart_for(image), chart_for(image)
    assert before == again
    assert not Path(before).is_absolute()
    changed = tmp_path / "changed" / "label-studio"
    changed.mkdir(parents=True)
    (changed / "Chart.yaml").write_text("name: label-studio\nappVersion: 1.0.0\n")
    monkeypatch.setattr(embedded_chart, "EMBEDDED_CHART", changed)
    assert chart_for(image) != before
    assert Path(".charts/.gitignore").read_text() == "*\n"
    assert not list(Path(".charts").glob("tmp*"))
