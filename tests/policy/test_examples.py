"""The examples through the real CLI: previewed as new stacks, under their policies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local.engine import PROJECT, Engine
from local.tools.build import tool
from policies.pack import FOLDER, config_file
from scripts.preview_api import serving

EXAMPLES = sorted((PROJECT / "examples").glob("Pulumi.*.yaml"))


def archive(folder: Path) -> Path:
    """A chart for the one that an example takes from a catalogue, which is not to be had here: it renders nothing."""
    chart = folder / "chart-label-studio"
    chart.mkdir()
    (chart / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": chart.name, "version": "1.20.0"}))
    subprocess.run([tool("helm"), "package", chart, "--destination", folder], stdout=subprocess.PIPE, check=True)
    return folder / "chart-label-studio-1.20.0.tgz"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name.split(".")[1])
def test_an_example_previews_under_its_policies(example: Path, tmp_path: Path) -> None:
    stack = example.name.split(".")[1]
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": str(PROJECT)}))
    settings = yaml.safe_load(example.read_text())
    chart = settings["config"]["label-studio:labelStudio"].get("chart", {})
    if "source" in chart:
        chart["source"] = str(archive(tmp_path))
    (tmp_path / example.name).write_text(yaml.safe_dump(settings))
    engine = Engine(tmp_path / "home", stack, tmp_path / "kubeconfig", tmp_path)
    engine.create()
    own = example.with_name(f"policies.{stack}.json")
    pack = ("--policy-pack", str(FOLDER), "--policy-pack-config", str(own if own.exists() else config_file("prod")))
    with serving(tmp_path / "kubeconfig", settings["config"]["label-studio:cluster"]["context"]):
        done = engine.operate("preview", *pack, capture=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "kubernetes:helm.sh/v3:Release label-studio-release create" in done.stdout
    assert "label-studio-policies@" in done.stdout
    assert "[mandatory]" not in done.stdout
