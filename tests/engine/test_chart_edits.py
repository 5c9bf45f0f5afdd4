"""An edited chart upgrades its release, though the provider looks at inputs only, of which templates are none."""

from __future__ import annotations

from pathlib import Path

from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.program import PROJECT

SOURCE = """
import sys
from pathlib import Path
sys.path.insert(0, {project!r})
from types import SimpleNamespace
from components.label_studio import embedded_chart, release
from components.label_studio.settings import LabelStudioSettings
embedded_chart.EMBEDDED_CHART = Path({chart!r})
args = SimpleNamespace(settings=LabelStudioSettings(), image="example.com/label-studio:1.23.2")
location = release.chart_location(args)
{change}
k8s.helm.v3.Release("release", name={name!r}, namespace=namespace, values={{"a": 1}}, **location, opts=on)
"""
TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{{{ .Release.Name }}}}
data:
  said: {said}
"""


def write(chart: Path, said: str) -> None:
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: edited\nversion: 1.0.0\n")
    (chart / "templates" / "map.yaml").write_text(TEMPLATE.format(said=said))


def test_a_chart_that_was_edited_is_noticed(
    new_program: NewProgram, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    chart, program = tmp_path / "chart", new_program()
    source = SOURCE.format(project=str(PROJECT), chart=str(chart), change="", name="noticed")
    write(chart, "before")
    program.up(source)
    assert program.up(None, "--expect-no-changes").changed == {}
    write(chart, "after")
    assert list(program.preview(None).changed.values()) == ["update"]
    program.up()
    assert cluster.get("v1", "ConfigMap", namespace, "noticed")["data"]["said"] == "after"
    program.destroy()


def test_nothing_but_the_description_tells_of_it(
    new_program: NewProgram, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    """When this fails, the provider looks into charts itself, and the description may go."""
    chart, program = tmp_path / "chart", new_program()
    change = 'del location["description"]'
    source = SOURCE.format(project=str(PROJECT), chart=str(chart), change=change, name="unnoticed")
    write(chart, "before")
    program.up(source)
    write(chart, "after")
    assert program.up().changed == {}
    assert cluster.get("v1", "ConfigMap", namespace, "unnoticed")["data"]["said"] == "before"
    program.destroy()
